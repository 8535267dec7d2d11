"""Labels about which annotators differ and nobody has decided yet."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from lesionlab.errors import InputError
from lesionlab.store.compare import difference
from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Outcome, Revision, Source

log = logging.getLogger(__name__)

FINAL = "final"


class Disputes:
    """How far annotators lie apart; the Dice of two revisions is worked out once.

    A final label is disputed when somebody's save came after its head without becoming the head (a conflict or a branch). Whoever
    saves or restores with knowledge of the head makes a newer head, and has decided. While there is no final label, heads of
    other tags (one for each annotator, say) dispute with each other. What models save disputes with nobody.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._apart: dict[tuple[str, str], float | None] = {}

    def images(self) -> Mapping[str, float]:
        """For each disputed image 1 - Dice of the two annotators who lie farthest apart."""
        histories: defaultdict[str, list[Revision]] = defaultdict(list)
        for revision in self._ledger.all():
            if revision.draft.source is not Source.MODEL:
                histories[revision.draft.image].append(revision)
        found: dict[str, float] = {}
        for image, history in histories.items():
            told = [value for a, b in differing(history) if (value := self._between(a, b)) is not None]
            if told and max(told) > 0:
                found[image] = max(told)
        return found

    def _between(self, a: Revision, b: Revision) -> float | None:
        if (a.id, b.id) not in self._apart:
            try:
                self._apart[a.id, b.id] = 1 - difference(self._ledger, a, b).dice
            except InputError as error:
                log.warning(
                    "revisions %s and %s of %s cannot be compared: %s", a.id, b.id, a.draft.image, error.message
                )
                self._apart[a.id, b.id] = None
        return self._apart[a.id, b.id]


def differing(history: Sequence[Revision]) -> Iterator[tuple[Revision, Revision]]:
    """The pairs of revisions of one image, oldest first, between which nobody has decided."""
    heads = {one.draft.tag: one for one in history if one.outcome is Outcome.HEAD}
    head = heads.get(FINAL)
    if head is None or head.blob is None:
        others = [one for tag, one in sorted(heads.items()) if tag != FINAL and one.blob is not None]
        yield from combinations(others, 2)
        return
    later = list(history)[list(history).index(head) + 1 :]
    # Of each annotator the last word counts.
    last = {
        one.draft.author or one.draft.client_id: one for one in later if one.draft.tag == FINAL and one.blob is not None
    }
    yield from ((head, one) for one in last.values())

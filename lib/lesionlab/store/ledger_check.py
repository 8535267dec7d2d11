"""Whether what the ledger says is so: every content there and whole, every parent earlier, every head one of its label."""

from __future__ import annotations

import logging

from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Outcome

logger = logging.getLogger(__name__)


def check_ledger(ledger: Ledger) -> None:
    """What a server does when it starts: clear away half written files, and log what is wrong.

    A whole content without a revision (its save never ended, and was never answered) is kept: it costs only space.
    """
    ledger.blobs.clear_abandoned()
    for problem in problems(ledger):
        logger.error("the ledger is damaged: %s", problem)


def problems(ledger: Ledger, *, deep: bool = False) -> list[str]:
    """What is wrong, a line each; ``deep`` reads every content and compares its checksum."""
    found: list[str] = []
    earlier: dict[str, tuple[str, str]] = {}
    for revision in ledger.all():
        key = (revision.draft.image, revision.draft.tag)
        parent = revision.draft.parent
        if parent is not None and earlier.get(parent) != key:
            found.append(f"{revision.id}: its parent {parent} is no earlier revision of the same label")
        if revision.blob is not None and not ledger.blobs.is_intact(revision.blob, deep=deep):
            found.append(f"{revision.id}: its content {revision.blob.checksum} is gone or not whole")
        if revision.outcome is Outcome.CONFLICT and revision.blob is None:
            found.append(f"{revision.id}: a conflict without content")
        earlier[revision.id] = key
    return found

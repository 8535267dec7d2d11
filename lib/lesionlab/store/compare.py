"""What differs between revisions of a label, and how well its annotators agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.volume import Volume
from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Revision

_REGISTER_MM = 0.1


@dataclass(frozen=True)
class Difference:
    """From one label to another on the same lattice.

    Attributes:
        dice: of the label values that occur in either, the mean; 1 when both are empty.
        added_voxels: labelled in the second only.
        removed_voxels: labelled in the first only.
        relabelled_voxels: labelled in both, with different values.
    """

    dice: float
    added_voxels: int
    removed_voxels: int
    relabelled_voxels: int


@dataclass(frozen=True)
class Reading:
    """What one annotator makes of an image: the last revision that he or she saved."""

    author: str
    revision: Revision


@dataclass(frozen=True)
class Agreement:
    """Two readings compared.

    Attributes:
        a: one annotator.
        b: the other.
        dice: of their readings.
        independent: neither reading descends from the other.
    """

    a: str
    b: str
    dice: float
    independent: bool


def difference(ledger: Ledger, a: Revision, b: Revision) -> Difference:
    """What differs from revision ``a`` to revision ``b``; a removed label has no voxels.

    Raises:
        InputError: the two lie on different lattices.
    """
    first, second = _voxels(ledger, a), _voxels(ledger, b)
    if first is None and second is None:
        return Difference(1.0, 0, 0, 0)
    shape_of = first or second
    assert shape_of is not None
    empty = np.zeros(shape_of.array.shape, np.uint8)
    if first is not None and second is not None and not first.geometry.same_as(second.geometry, _REGISTER_MM):
        raise InputError(
            "the two revisions lie on different lattices", got=second.array.shape, expected=str(first.array.shape)
        )
    before, after = (empty if volume is None else volume.array for volume in (first, second))
    return Difference(
        dice=mean_dice(before, after),
        added_voxels=int(np.count_nonzero((before == 0) & (after != 0))),
        removed_voxels=int(np.count_nonzero((before != 0) & (after == 0))),
        relabelled_voxels=int(np.count_nonzero((before != 0) & (after != 0) & (before != after))),
    )


def mean_dice(a: np.ndarray, b: np.ndarray) -> float:
    """The mean, over the label values > 0 that occur in either, of 2 |A and B| / (|A| + |B|); 1 when none occurs."""
    values = np.union1d(np.unique(a), np.unique(b))
    scores = []
    for value in values[values > 0]:
        first, second = a == value, b == value
        total = np.count_nonzero(first) + np.count_nonzero(second)
        scores.append(2.0 * np.count_nonzero(first & second) / total)
    return float(np.mean(scores)) if scores else 1.0


def readings(history: Sequence[Revision]) -> tuple[Reading, ...]:
    """The last label of each annotator who gave a name, by name; conflicts and branches count like any other."""
    last = {one.draft.author: one for one in history if one.draft.author is not None and one.blob is not None}
    return tuple(Reading(author, revision) for author, revision in sorted(last.items()) if author is not None)


def agreement(ledger: Ledger, history: Sequence[Revision]) -> tuple[Agreement, ...]:
    """Every two annotators of a label compared.

    Raises:
        InputError: readings lie on different lattices.
    """
    parents = {one.id: one.draft.parent for one in history}
    return tuple(
        Agreement(
            a.author,
            b.author,
            difference(ledger, a.revision, b.revision).dice,
            independent=not _descends(parents, a.revision.id, b.revision.id)
            and not _descends(parents, b.revision.id, a.revision.id),
        )
        for a, b in combinations(readings(history), 2)
    )


def _descends(parents: dict[str, str | None], revision: str, ancestor: str) -> bool:
    at: str | None = revision
    while at is not None and at != ancestor:
        at = parents.get(at)
    return at is not None


def _voxels(ledger: Ledger, revision: Revision) -> Volume | None:
    return None if revision.blob is None else read_volume(ledger.content(revision))

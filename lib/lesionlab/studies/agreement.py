"""Where an image lies when the readers vote: both right, only the model, only the readers, both wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lesionlab.kinds.exhibits import Rating
from lesionlab.metrics.reclassification import Region
from lesionlab.studies.readings import Readings


@dataclass(frozen=True)
class Agreement:
    """Where one image lies when the readers vote.

    Attributes:
        rating: what the model makes of it.
        readers: how many scored it.
        right: how many of them are right; a tie counts as wrong.
        region: of the model against the majority.
    """

    rating: Rating
    readers: int
    right: int
    region: Region


def vote(rating: Rating, readings: Sequence[Readings], positive: float) -> Agreement:
    """The model against the majority of those who scored the image; one at least must have."""
    said = [one.scores[rating.image] >= positive for one in readings if rating.image in one.scores]
    right = sum(call == rating.diseased for call in said)
    model, majority = rating.called == rating.diseased, 2 * right > len(said)
    if majority:
        region = Region.BOTH_RIGHT if model else Region.READER_RIGHT
    else:
        region = Region.MODEL_RIGHT if model else Region.BOTH_WRONG
    return Agreement(rating, len(said), right, region)

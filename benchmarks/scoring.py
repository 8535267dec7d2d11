"""How one mask is scored against the truth: overlap, surface distance, volume."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import dice, hausdorff95_mm


@dataclass(frozen=True)
class Score:
    """Scores of one mask.

    Attributes:
        dice: overlap, 0..1.
        hd95_mm: the larger of both 95th percentiles of distances between surface voxels; None when it was not asked
            for, and when the mask is empty.
        volume_error: (volume - true volume) / true volume.
    """

    dice: float
    hd95_mm: float | None
    volume_error: float


def score(mask: Volume, truth: Volume, with_distance: bool = True) -> Score:
    """Score a mask, a crop of the truth's lattice, against the truth."""
    whole = Volume.zeros(truth.geometry).paste(mask).array.astype(bool)
    true = truth.array.astype(bool)
    distance = hausdorff95_mm(whole, true, truth.geometry.affine[:3, :3]) if with_distance else None
    there = int(true.sum())
    return Score(dice(whole, true), distance, (int(whole.sum()) - there) / there if there else math.inf)

"""How one mask is scored against the truth: overlap, surface distance, volume."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from lesionlab.image.volume import Volume

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Scores of one mask.

    Attributes:
        dice: overlap, 0..1.
        hd95_mm: the larger of both 95th percentiles of distances between surface voxels; None when it was not asked
            for, infinite when one mask is empty.
        volume_error: (volume - true volume) / true volume.
    """

    dice: float
    hd95_mm: float | None
    volume_error: float


def score(mask: Volume, truth: Volume, with_distance: bool = True) -> Score:
    """Score a mask, a crop of the truth's lattice, against the truth."""
    whole = Volume.zeros(truth.geometry).paste(mask).array.astype(bool)
    true = truth.array.astype(bool)
    both, found, there = int((whole & true).sum()), int(whole.sum()), int(true.sum())
    dice = 2 * both / (found + there) if found + there else 1.0
    distance = hd95_mm(whole, true, truth.geometry.affine[:3, :3]) if with_distance else None
    return Score(dice, distance, (found - there) / there if there else math.inf)


def hd95_mm(first: Bools, second: Bools, axes_mm: NDArray[np.float64]) -> float:
    """95th-percentile Hausdorff distance of two masks on a lattice whose index axes are the columns of ``axes_mm``."""
    if not first.any() or not second.any():
        return math.inf
    a, b = (_surface(mask) @ axes_mm.T for mask in (first, second))
    there, back = cKDTree(b).query(a)[0], cKDTree(a).query(b)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _surface(mask: Bools) -> NDArray[np.float64]:
    """Indices of the voxels of the mask with a face towards the outside."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    part = np.pad(mask[box], 1)
    shell = part & ~ndimage.binary_erosion(part)
    start = np.asarray([s.start for s in box]) - 1
    return np.asarray(np.argwhere(shell) + start, dtype=np.float64)

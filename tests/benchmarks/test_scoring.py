"""Scores worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks.scoring import hd95_mm, score

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

GEOMETRY = Geometry((20, 10, 10), np.diag([1.0, 2.0, 3.0, 1.0]))


def slab(start: int, stop: int) -> Volume:
    """Voxels start..stop-1 along the first axis."""
    array = np.zeros(GEOMETRY.shape, dtype=np.uint8)
    array[start:stop] = 1
    return Volume(array, GEOMETRY)


def test_dice_and_volume_error_of_two_overlapping_slabs() -> None:
    # 6 and 4 slices, 3 in common: Dice 2 * 3 / 10; half as much again as the truth.
    found = score(slab(0, 6), slab(3, 7))
    assert found.dice == pytest.approx(0.6)
    assert found.volume_error == pytest.approx(0.5)


def test_a_crop_is_scored_where_it_lies() -> None:
    assert score(slab(3, 7).crop((3, 0, 0), (4, 10, 10)), slab(3, 7)).dice == pytest.approx(1.0)


def test_distance_of_two_single_voxels_uses_the_spacing() -> None:
    first, second = np.zeros((2, *GEOMETRY.shape), dtype=bool)
    first[2, 3, 4] = True
    second[2, 5, 5] = True
    # Two voxels of 2 mm and one of 3 mm: 5 mm.
    assert hd95_mm(first, second, GEOMETRY.affine[:3, :3]) == pytest.approx(5.0)


def test_an_empty_mask_is_infinitely_far_and_overlaps_nothing() -> None:
    found = score(slab(0, 0), slab(3, 7))
    assert found.dice == 0.0
    assert found.hd95_mm == math.inf
    assert found.volume_error == -1.0

"""Scores worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.scoring import score

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


def test_distance_uses_the_spacing() -> None:
    # One slice of 1 mm too many at the end: its surface lies 1 mm from the truth's; none at the other.
    assert score(slab(3, 8), slab(3, 7)).hd95_mm == pytest.approx(1.0)
    assert score(slab(3, 8), slab(3, 7), with_distance=False).hd95_mm is None


def test_an_empty_mask_has_no_distance_and_overlaps_nothing() -> None:
    found = score(slab(0, 0), slab(3, 7))
    assert found.dice == 0.0
    assert found.hd95_mm is None
    assert found.volume_error == -1.0

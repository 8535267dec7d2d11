"""How lesions are marked and measured, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.truths import extents, mark_largest

WHOLE = (slice(0, 6), slice(0, 6), slice(0, 6))


def test_the_largest_part_is_marked_and_no_other_lesion_is_overwritten() -> None:
    truth = np.zeros((6, 6, 6), np.uint8)
    truth[0, 0, 0] = 1
    inside = np.zeros((6, 6, 6), bool)
    inside[0, 0, 0:3] = True  # three in a row, the first of which is taken
    inside[4, 4, 4:6] = True  # two
    mark_largest(truth, 2, WHOLE, inside)
    assert np.argwhere(truth == 2).tolist() == [[0, 0, 1], [0, 0, 2]]
    assert np.argwhere(truth == 1).tolist() == [[0, 0, 0]]


def test_voxels_that_touch_at_a_corner_are_one_part_and_nothing_marks_nothing() -> None:
    truth = np.zeros((6, 6, 6), np.uint8)
    inside = np.zeros((6, 6, 6), bool)
    mark_largest(truth, 1, WHOLE, inside)
    assert not truth.any()
    inside[1, 1, 1] = inside[2, 2, 2] = True
    mark_largest(truth, 1, WHOLE, inside)
    assert truth.sum() == 2


def test_a_lesion_is_measured_where_it_lies_and_a_value_that_is_not_there_is_left_out() -> None:
    array = np.zeros((8, 8, 8), np.uint8)
    array[1:4, 2:6, 3:5] = 3  # 3 x 4 voxels of 1 x 2 mm in the plane, two slices of 5 mm
    truth = Volume(array, Geometry((8, 8, 8), np.diag([-1.0, -2.0, 5.0, 1.0])))
    (one,) = extents(truth, (1.0, 2.0, 5.0))
    assert one.value == 3
    assert one.point_mm == pytest.approx((-2.0, -7.0, 17.5))
    assert one.diameter_mm == pytest.approx(math.hypot(3, 8), rel=5e-4)
    assert one.volume_mm3 == pytest.approx(3 * 4 * 2 * 10)

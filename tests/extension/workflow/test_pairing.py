"""Marks find their regions by where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.scene import Mark, Region
from LesionLabLib.workflow.pairing import distance_mm, paired
from tests.extension.workflow.fakes import ball, crop_of
from tests.server.conftest import ras

A, B = tuple(ras((20, 18, 15))), tuple(ras((8, 9, 10)))


def region(value, point, size):
    return Region(value, crop=crop_of(ball(point, size)))


def test_regions_in_another_order_find_their_marks():
    marks = (Mark("a", "A", "sphere", A, 12.0), Mark("b", "B", "sphere", B, 6.0))
    (first, mask_a), (second, mask_b) = paired(marks, (region(1, B, 6.0), region(2, A, 12.0)))
    assert (first.id, second.id) == ("a", "b")
    assert int(mask_a.voxels.sum()) == ball(A, 12.0).sum()
    assert int(mask_b.voxels.sum()) == ball(B, 6.0).sum()
    assert first.volume_mm3 == pytest.approx(ball(A, 12.0).sum() * 3.0)  # a voxel is 1.5 x 1 x 2 mm


def test_a_mark_far_from_all_regions_waits():
    marks = (Mark("a", "A", "sphere", A, 12.0, frozen=True),)
    (lesion, crop), (other, _) = paired(marks, (region(1, B, 6.0),))
    assert (lesion.status, lesion.frozen, crop) == ("waiting", False, None)
    assert (other.shape, other.status) == ("region", "done")


def test_two_marks_at_one_place_go_in_order():
    marks = (Mark("a", "A", "sphere", A, 12.0), Mark("b", "B", "sphere", A, 12.0))
    (_, first), (_, second) = paired(marks, (region(1, A, 12.0), region(2, A, 6.0)))
    assert int(first.voxels.sum()) == ball(A, 12.0).sum()
    assert int(second.voxels.sum()) == ball(A, 6.0).sum()


def test_the_distance_is_to_the_edge_of_the_nearest_voxel():
    crop = region(1, A, 1.0).crop
    assert int(crop.voxels.sum()) == 1
    assert distance_mm(crop, A) == 0.0
    assert distance_mm(crop, (A[0] + 3.75, A[1], A[2])) == pytest.approx(3.0)  # 2.5 voxels of 1.5 mm, less half a voxel
    assert distance_mm(crop_of(np.zeros((40, 36, 30), np.uint8)), A) == float("inf")

"""The lesions of a mask."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.deepest import deepest_point
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.store.lesions import lesions_of


def mask(*boxes: tuple[slice, slice, slice], value: int = 1) -> Volume:
    affine = np.diag([-2.0, -1.0, 3.0, 1.0])
    affine[:3, 3] = (10, 20, 30)
    array = np.zeros((20, 20, 20), np.uint8)
    for box in boxes:
        array[box] = value
    return Volume(array, Geometry((20, 20, 20), affine))


CUBE = (slice(2, 5), slice(2, 5), slice(2, 5))
FAR = (slice(12, 15), slice(12, 17), slice(12, 15))


def test_parts_that_touch_by_a_corner_are_one_lesion() -> None:
    assert len(lesions_of(mask(CUBE, (slice(5, 7), slice(5, 7), slice(5, 7))))) == 1
    assert len(lesions_of(mask(CUBE, FAR))) == 2


def test_touching_values_are_two_lesions() -> None:
    both = mask(CUBE)
    both.array[5:8, 2:5, 2:5] = 2
    assert [lesion.value for lesion in lesions_of(both)] == [1, 2]


def test_a_lesion_lies_where_it_did_in_the_mask() -> None:
    whole = mask(CUBE, FAR)
    second = lesions_of(whole)[1]
    assert second.mask.array.shape == (3, 5, 3)
    assert np.array_equal(Volume.zeros(whole.geometry).paste(second.mask).array, mask(FAR).array)


def test_the_point_is_the_deepest_voxel_in_ras() -> None:
    # The middle voxel (3, 3, 3) of the cube: (10 - 2*3, 20 - 3, 30 + 3*3).
    assert lesions_of(mask(CUBE))[0].point_mm == (4, 17, 39)


def test_depth_is_measured_in_millimetres() -> None:
    # 1 voxel thick along i but that is 2 mm; the wide end along j is deepest in its middle.
    assert deepest_point(mask((slice(0, 20), slice(4, 9), slice(0, 20))))[1] == 20 - 6


def test_a_point_names_its_lesion_or_the_nearest_within_reach() -> None:
    whole = mask(CUBE, FAR)
    inside = whole.geometry.index_to_ras((13, 14, 13))
    beside = whole.geometry.index_to_ras((3, 7, 3))  # 2.5 voxels of 1 mm from the last voxel's face
    found = lesions_of(whole, [inside, beside], reach_mm=2.5)
    assert [lesion.mask.array.shape for lesion in found] == [(3, 5, 3), (3, 3, 3)]
    with pytest.raises(InputError, match=r"no lesion of the mask lies at the point.*2\.5 mm away"):
        lesions_of(whole, [beside], reach_mm=2.4)


def test_an_empty_mask_has_no_lesion_and_no_point() -> None:
    assert lesions_of(mask()) == ()
    with pytest.raises(InputError, match="the mask is empty"):
        lesions_of(mask(), [(0.0, 0.0, 0.0)])
    with pytest.raises(InputError, match="the mask is empty"):
        deepest_point(mask())

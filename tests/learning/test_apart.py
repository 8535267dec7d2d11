"""How far two masks lie apart that are crops of one lattice."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.apart import masks_apart

LATTICE = Geometry((20, 20, 20), np.diag([-2.0, 1.0, 3.0, 1.0]))


def crop(start: tuple[int, int, int], shape: tuple[int, int, int]) -> Volume:
    return Volume(np.ones(shape, np.uint8), LATTICE.crop(start, shape))


def test_the_same_voxels_are_not_apart_wherever_the_crops_begin() -> None:
    small = crop((5, 6, 7), (2, 3, 4))
    assert masks_apart(small, small) == 0
    wide = np.zeros((10, 10, 10), np.uint8)
    wide[2:4, 3:6, 4:8] = 3  # another value, another box: the same voxels
    assert masks_apart(small, Volume(wide, LATTICE.crop((3, 3, 3), (10, 10, 10)))) == pytest.approx(0)


def test_half_shared_is_half_apart_in_either_order() -> None:
    a, b = crop((0, 0, 0), (4, 4, 4)), crop((2, 0, 0), (4, 4, 4))
    assert masks_apart(a, b) == masks_apart(b, a) == pytest.approx(0.5)


def test_disjoint_masks_are_wholly_apart_and_empty_ones_not_at_all() -> None:
    assert masks_apart(crop((0, 0, 0), (2, 2, 2)), crop((9, 9, 9), (2, 2, 2))) == 1
    none = Volume(np.zeros((2, 2, 2), np.uint8), LATTICE.crop((0, 0, 0), (2, 2, 2)))
    assert masks_apart(none, none) == 0
    assert masks_apart(none, crop((0, 0, 0), (2, 2, 2))) == 1

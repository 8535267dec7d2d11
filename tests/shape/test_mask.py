"""From probability map to mask: the click's own part, whole, without what negative clicks point at."""

from __future__ import annotations

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.mask import cut_out, nearest_index, tight_box

UNIT = Geometry((20, 12, 12), np.eye(4))


def chances(*boxes: tuple[slice, slice, slice]) -> Volume:
    values = np.zeros(UNIT.shape, dtype=np.float32)
    for box in boxes:
        values[box] = 0.9
    return Volume(values, UNIT)


LEFT = (slice(2, 8), slice(2, 8), slice(2, 8))
RIGHT = (slice(11, 17), slice(2, 8), slice(2, 8))
NECK = (slice(7, 12), slice(4, 6), slice(4, 6))


def test_only_the_part_at_the_click_is_kept() -> None:
    inside = cut_out(chances(LEFT, RIGHT), (4.0, 4.0, 4.0), (), 0.5)
    assert inside.sum() == 216
    assert inside[LEFT].all()


def test_a_click_on_a_dark_core_means_the_closest_part_and_the_core_is_filled() -> None:
    hollow = chances(LEFT)
    hollow.array[4:6, 4:6, 4:6] = 0.0
    inside = cut_out(hollow, (4.5, 4.5, 4.5), (), 0.5)
    assert inside.sum() == 216


def test_the_mask_is_never_empty() -> None:
    inside = cut_out(chances(), (4.0, 5.0, 6.0), (), 0.5)
    assert np.argwhere(inside).tolist() == [[4, 5, 6]]


def test_a_negative_click_cuts_off_a_neighbour_at_the_neck() -> None:
    joined = chances(LEFT, RIGHT, NECK)
    assert cut_out(joined, (4.0, 4.0, 4.0), (), 0.5)[RIGHT].all()
    inside = cut_out(joined, (4.0, 4.0, 4.0), [(14.0, 5.0, 5.0)], 0.5)
    assert inside[LEFT].all()
    assert not inside[RIGHT].any()


def test_a_negative_click_outside_the_mask_changes_nothing() -> None:
    alone = chances(LEFT, RIGHT)
    inside = cut_out(alone, (4.0, 4.0, 4.0), [(14.0, 5.0, 5.0)], 0.5)
    assert inside.sum() == 216


def test_a_slice_is_filled_in_its_own_plane() -> None:
    flat = Geometry((9, 9, 1), np.eye(4))
    values = np.zeros(flat.shape, dtype=np.float32)
    values[2:7, 2:7] = 1
    values[4, 4] = 0
    assert cut_out(Volume(values, flat), (2.0, 2.0, 0.0), (), 0.5).sum() == 25


def test_a_point_beyond_the_lattice_means_its_outermost_voxel() -> None:
    assert nearest_index(UNIT, (19.4, -0.4, 30.0)) == (19, 0, 11)


def test_the_tight_box_leaves_one_voxel_where_there_is_room() -> None:
    bits = np.zeros(UNIT.shape, dtype=bool)
    bits[0:3, 4:6, 11] = True
    assert tight_box(bits) == ((0, 3, 10), (4, 4, 2))

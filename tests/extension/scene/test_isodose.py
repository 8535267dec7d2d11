"""Isodoses: a dose on its own lattice, a threshold on the image's."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.scene import SceneError
from tests.extension.scene.parts import OBLIQUE, STRAIGHT, add_volume, affine_of, put_under, ramp, rotation


def whole(shape: tuple[int, int, int], crop) -> np.ndarray:
    made = np.zeros(shape, bool)
    i, j, k = crop.origin_index
    made[i : i + crop.voxels.shape[0], j : j + crop.voxels.shape[1], k : k + crop.voxels.shape[2]] = crop.voxels
    return made


def test_the_threshold_lies_where_linear_interpolation_puts_it(scene, case) -> None:
    # Dose voxels are 4 mm wide along R, at R = 2, 6, 10, 14: 0, 20, 40, 20 Gy. Halfway values: 30 at R = 8 and R = 12.
    dose = np.zeros((4, 2, 2), np.float32)
    dose[:, :, :] = np.array([0.0, 20.0, 40.0, 20.0])[:, None, None]
    node = add_volume(scene, dose, affine_of(np.eye(3), (4, 20, 20), (2.0, 0.0, 0.0)), "dose")
    case.volume_from_node(add_volume(scene, ramp((20, 3, 2)), STRAIGHT).GetID())  # voxel i at R = i
    inside = whole((20, 3, 2), case.isodose(node.GetID(), 75.0))  # 30 Gy
    assert np.flatnonzero(inside[:, 0, 0]).tolist() == [8, 9, 10, 11, 12]
    assert (inside == inside[:, :1, :1]).all()
    inside = whole((20, 3, 2), case.isodose(node.GetID(), 50.0))  # 20 Gy, to half a voxel beyond the last centre
    assert np.flatnonzero(inside[:, 0, 0]).tolist() == list(range(6, 17))


def test_on_the_same_lattice_the_isodose_is_the_plain_threshold(scene, case) -> None:
    dose = np.random.default_rng(0).random((6, 7, 5)).astype(np.float32)
    node = add_volume(scene, dose, OBLIQUE, "dose")
    case.volume_from_node(add_volume(scene, ramp((6, 7, 5)), OBLIQUE).GetID())
    crop = case.isodose(node.GetID(), 60.0)
    near = np.abs(dose - 0.6 * dose.max()) < 1e-5
    assert ((whole(dose.shape, crop) == (dose >= 0.6 * dose.max())) | near).all()


def test_oblique_lattices_under_transforms_meet_in_the_world(scene, case) -> None:
    # The dose falls linearly with the distance in R from the world's plane R = 10, on any lattice.
    world = affine_of(rotation((0, 1, 1), 33.0), (1, 1, 1), (-4.0, 9.0, 2.0))
    grid = affine_of(rotation((1, 0, 2), -20.0), (3, 3, 3), (-45.0, -45.0, -45.0))
    places = np.einsum("ab,bijk->aijk", world @ grid, np.stack([*np.indices((32, 32, 32)), np.ones((32, 32, 32))]))
    node = add_volume(scene, (1000.0 + places[0]).astype(np.float32), grid, "dose")
    put_under(scene, node, world)
    case.volume_from_node(add_volume(scene, ramp((20, 24, 10)), OBLIQUE).GetID())
    r = np.einsum("b,bijk->ijk", OBLIQUE[0], np.stack([*np.indices((20, 24, 10)), np.ones((20, 24, 10))]))
    percent = 100 * (1000.0 - 15.0) / (1000.0 + places[0].max())  # the plane R = -15
    inside = whole((20, 24, 10), case.isodose(node.GetID(), percent))
    clear = np.abs(r + 15.0) > 0.01
    assert 0.1 < inside.mean() < 0.9
    np.testing.assert_array_equal(inside[clear], (r > -15.0)[clear])


@pytest.mark.parametrize("percent", [0.0, -5.0, 100.5, float("nan")])
def test_a_percentage_that_is_none_is_refused(scene, open_case, percent) -> None:
    case = open_case(STRAIGHT)
    node = add_volume(scene, np.ones((3, 3, 3), np.float32), STRAIGHT, "dose")
    with pytest.raises(SceneError, match="more than 0 and at most 100"):
        case.isodose(node.GetID(), percent)


def test_no_dose_or_none_within_the_image_is_said(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    empty = add_volume(scene, np.zeros((3, 3, 3), np.float32), STRAIGHT, "dose A")
    with pytest.raises(SceneError, match="dose A holds no dose"):
        case.isodose(empty.GetID(), 50.0)
    away = add_volume(scene, np.ones((3, 3, 3), np.float32), affine_of(np.eye(3), (1, 1, 1), (500.0, 0, 0)), "dose B")
    with pytest.raises(SceneError, match="Nowhere in the image does dose B reach 50 %"):
        case.isodose(away.GetID(), 50.0)


def test_an_isodose_is_a_mask(scene, open_case) -> None:
    case = open_case(OBLIQUE)
    dose = np.zeros((20, 24, 10), np.float32)
    dose[4:8, 5:9, 2:5] = 50.0
    node = add_volume(scene, dose, OBLIQUE, "dose")
    case.set_mask("a", case.isodose(node.GetID(), 90.0), (1.0, 0.0, 0.0))
    np.testing.assert_array_equal(case.mask_voxels("a"), dose > 0)

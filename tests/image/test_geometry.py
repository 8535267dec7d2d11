from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lattices import all_48, noise, oblique_affine, reordered

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

POINT = st.tuples(*[st.floats(-300, 300)] * 3)


def test_index_to_ras_by_hand() -> None:
    affine = np.array([[-0.5, 0, 0, 10], [0, 2, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1.0]])
    geometry = Geometry((4, 5, 6), affine)
    assert geometry.index_to_ras((2, 1, 3)) == (9.0, 22.0, 39.0)
    assert geometry.spacing_mm == (0.5, 2.0, 3.0)
    assert geometry.extent_mm == (2.0, 10.0, 18.0)
    assert geometry.voxel_volume_mm3 == pytest.approx(3.0)


@settings(max_examples=60, deadline=None)
@given(point=POINT, which=st.integers(0, 47), degrees=st.floats(0, 44))
def test_a_point_survives_ras_to_index_and_back_on_any_lattice(
    point: tuple[float, float, float], which: int, degrees: float
) -> None:
    geometry = reordered(noise((5, 6, 7), oblique_affine(degrees=degrees)), *all_48()[which]).geometry
    assert geometry.index_to_ras(geometry.ras_to_index(point)) == pytest.approx(point, abs=1e-8)


def test_lps_differs_from_ras_by_the_sign_of_the_first_two_coordinates() -> None:
    affine_lps = np.diag([2.0, 3.0, 4.0, 1.0])
    affine_lps[:3, 3] = (10, 20, 30)
    geometry = Geometry.from_lps((2, 2, 2), affine_lps)
    assert geometry.index_to_ras((1, 1, 1)) == (-12.0, -23.0, 34.0)
    np.testing.assert_array_equal(geometry.affine_lps, affine_lps)


def test_a_voxel_reaches_half_a_step_beyond_its_centre() -> None:
    geometry = Geometry((4, 4, 4), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert geometry.contains((-1.0, 0, 0))
    assert geometry.contains((7.0, 0, 0))
    assert not geometry.contains((-1.01, 0, 0))
    assert not geometry.contains((7.01, 0, 0))


@pytest.mark.parametrize(("order", "flips"), all_48())
def test_canonical_axes_undo_every_order_and_flip(order: tuple[int, int, int], flips: tuple[int, int, int]) -> None:
    geometry = reordered(noise((5, 6, 7), oblique_affine()), order, flips).geometry
    axes, sign = geometry.canonical_axes()
    for world in range(3):
        assert order[axes[world]] == world
        assert sign[world] == flips[axes[world]]


def test_a_crop_keeps_every_voxel_where_it_was() -> None:
    volume = noise((8, 9, 10), oblique_affine())
    part = volume.crop((2, 3, 4), (3, 2, 5))
    assert part.array[1, 1, 2] == volume.array[3, 4, 6]
    assert part.geometry.index_to_ras((1, 1, 2)) == pytest.approx(volume.geometry.index_to_ras((3, 4, 6)))


def test_a_part_pasted_into_zeros_lies_where_it_was_cut() -> None:
    volume = noise((8, 9, 10), oblique_affine())
    part = volume.crop((2, 3, 4), (3, 2, 5))
    pasted = Volume.zeros(volume.geometry, np.int16).paste(part)
    expected = np.zeros((8, 9, 10), np.int16)
    expected[2:5, 3:5, 4:9] = volume.array[2:5, 3:5, 4:9]
    np.testing.assert_array_equal(pasted.array, expected)


def test_what_hangs_over_the_edge_is_dropped_when_pasted() -> None:
    target = Volume.zeros(Geometry((4, 4, 4), np.eye(4)))
    affine = np.eye(4)
    affine[:3, 3] = (3, -1, 0)
    part = Volume(np.ones((2, 2, 2), np.uint8), Geometry((2, 2, 2), affine))
    pasted = target.paste(part)
    assert np.argwhere(pasted.array).tolist() == [[3, 0, 0], [3, 0, 1]]


def test_a_part_between_voxels_is_refused() -> None:
    affine = np.eye(4)
    affine[0, 3] = 0.4
    part = Volume(np.ones((2, 2, 2), np.uint8), Geometry((2, 2, 2), affine))
    with pytest.raises(InputError, match="between voxels"):
        Volume.zeros(Geometry((4, 4, 4), np.eye(4))).paste(part)


@pytest.mark.parametrize("step", [np.diag([2.0, 1.0, 1.0]), np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])])
def test_a_part_with_other_axes_is_refused(step: np.ndarray) -> None:
    affine = np.eye(4)
    affine[:3, :3] = step
    part = Volume(np.ones((2, 2, 2), np.uint8), Geometry((2, 2, 2), affine))
    with pytest.raises(InputError):
        Volume.zeros(Geometry((4, 4, 4), np.eye(4))).paste(part)


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.eye(3)])
def test_an_unusable_affine_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(InputError, match="affine"):
        Geometry((2, 2, 2), affine)


def test_a_thinned_volume_keeps_every_nth_voxel_where_it_lies() -> None:
    volume = Volume(np.arange(9 * 6 * 4).reshape(9, 6, 4), Geometry((9, 6, 4), np.diag([1.0, -2.0, 5.0, 1.0])))

    thin = volume.thinned(step_mm=8.0)  # strides of 4, 2 and 1

    assert thin.array.shape == (3, 3, 4)
    assert thin.array[2, 1, 3] == volume.array[8, 2, 3]
    assert thin.geometry.index_to_ras((2, 1, 3)) == volume.geometry.index_to_ras((8, 2, 3))

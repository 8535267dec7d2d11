"""Clicks answered: register, measurements, sizes, refusals. A network without weights stands in for the trained one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.task import ShapeRequest
from tests.shape.oracle import alike_model, ball_volume, dice, positions_ras

CENTER = (5.0, -7.0, 3.0)
HALF = (6.0, 8.0, 10.0)


def lattice(permutation: tuple[int, int, int], signs: tuple[int, ...], turn: np.ndarray | None = None) -> Geometry:  # type: ignore[type-arg]
    """A lattice of 48 x 40 x 32 mm around ``CENTER``, 1 x 1 x 2 mm, its axes permuted and flipped."""
    spacing, extent = np.array([1.0, 1.0, 2.0]), np.array([48, 48, 48])
    columns = np.zeros((3, 3))
    shape = [0, 0, 0]
    for axis, world in enumerate(permutation):
        columns[world, axis] = spacing[world] * signs[axis]
        shape[axis] = int(extent[world] / spacing[world])
    if turn is not None:
        columns = turn @ columns
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = np.asarray(CENTER) - columns @ ((np.asarray(shape) - 1) / 2)
    return Geometry((shape[0], shape[1], shape[2]), affine)


ALL_48 = [(p, s) for p in itertools.permutations(range(3)) for s in itertools.product((1, -1), repeat=3)]


@pytest.mark.parametrize(("permutation", "signs"), ALL_48)
def test_the_mask_is_in_register_for_every_axis_order_and_flip(
    permutation: tuple[int, int, int], signs: tuple[int, ...]
) -> None:
    volume = ball_volume(lattice(permutation, signs), CENTER, HALF)
    result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=16.0))
    mask = Volume.zeros(volume.geometry).paste(result.mask)
    assert dice(mask.array > 0, volume.array > 0) > 0.93
    where = positions_ras(volume.geometry)[:, mask.array > 0].mean(axis=1)
    assert np.abs(where - CENTER).max() < 0.3


def test_all_axis_orders_and_flips_give_the_same_measurements() -> None:
    found = set()
    for permutation, signs in ALL_48:
        volume = ball_volume(lattice(permutation, signs), CENTER, HALF)
        result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=16.0))
        found.add((round(result.diameter_mm, 3), round(result.volume_mm3, 1)))
    assert len(found) == 1


def test_the_mask_is_in_register_on_an_oblique_lattice() -> None:
    a, b = np.deg2rad(20), np.deg2rad(-12)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    )
    volume = ball_volume(lattice((0, 1, 2), (1, -1, 1), turn), CENTER, HALF)
    result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=18.0))
    mask = Volume.zeros(volume.geometry).paste(result.mask)
    assert dice(mask.array > 0, volume.array > 0) > 0.93


def test_volume_and_diameter_are_those_of_the_ellipsoid() -> None:
    volume = ball_volume(lattice((0, 1, 2), (1, 1, 1)), CENTER, HALF)
    result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=16.0))
    assert result.volume_mm3 == pytest.approx(4 / 3 * np.pi * 6 * 8 * 10, rel=0.08)
    assert result.diameter_mm == pytest.approx(16, abs=1.6)
    assert result.size_mm == 16.0
    assert result.size_given


def test_a_size_that_is_left_out_is_found() -> None:
    volume = ball_volume(lattice((0, 1, 2), (1, 1, 1)), CENTER, HALF)
    result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER))
    assert not result.size_given
    assert result.size_mm == pytest.approx(16, rel=0.25)
    assert dice(Volume.zeros(volume.geometry).paste(result.mask).array > 0, volume.array > 0) > 0.9


def test_a_negative_click_removes_the_neighbour() -> None:
    beside = (CENTER[0] + 11.0, CENTER[1], CENTER[2])
    volume = ball_volume(lattice((0, 1, 2), (1, 1, 1)), CENTER, HALF, beside)
    wide = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=20.0))
    cut = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=20.0, exclude_mm=(beside,)))
    assert wide.volume_mm3 > 1.5 * cut.volume_mm3
    index = tuple(np.rint(volume.geometry.ras_to_index(beside)).astype(int))
    assert Volume.zeros(volume.geometry).paste(cut.mask).array[index] == 0


def test_the_probability_map_lies_on_the_lattice_of_the_mask_when_asked_for() -> None:
    volume = ball_volume(lattice((2, 0, 1), (1, -1, 1)), CENTER, HALF)
    result = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=16.0, probability=True))
    assert result.probability is not None
    assert result.probability.geometry.same_as(result.mask.geometry)
    assert ((result.probability.array >= 0.5) >= (result.mask.array > 0)).mean() > 0.99
    without = alike_model().predict(volume, ShapeRequest(point_mm=CENTER, size_mm=16.0))
    assert without.probability is None


def test_a_2d_image_gives_a_2d_mask() -> None:
    flat = Geometry((60, 50, 1), np.diag([-1.0, -1.0, 1.0, 1.0]))
    volume = ball_volume(flat, (-30.0, -25.0, 0.0), (9.0, 6.0, 5.0))
    result = alike_model().predict(volume, ShapeRequest(point_mm=(-30.0, -25.0, 0.0), size_mm=18.0))
    assert result.mask.array.shape[2] == 1
    assert dice(Volume.zeros(flat).paste(result.mask).array > 0, volume.array > 0) > 0.9


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (ShapeRequest(point_mm=(500.0, 0.0, 0.0), size_mm=10.0), "point_mm"),
        (ShapeRequest(point_mm=CENTER, size_mm=500.0), "size_mm"),
        (ShapeRequest(point_mm=CENTER, size_mm=0.2), "size_mm"),
        (ShapeRequest(point_mm=CENTER, size_mm=10.0, exclude_mm=((0.0, 0.0, 900.0),)), "exclude_mm"),
    ],
)
def test_what_does_not_fit_the_image_is_refused_by_name(request_: ShapeRequest, says: str) -> None:
    volume = ball_volume(lattice((0, 1, 2), (1, 1, 1)), CENTER, HALF)
    with pytest.raises(InputError, match=says):
        alike_model().predict(volume, request_)

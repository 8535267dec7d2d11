"""Weak labels on a lattice, against volumes and places worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.weak.label import (
    Circle,
    Contours,
    Ellipsoid,
    PointSize,
    Presence,
    RecistLine,
    Sphere,
    WeakLabel,
)
from lesionlab.weak.target import Target, image_target, target
from tests.weak.lattices import oblique, straight

LATTICES = [
    pytest.param(straight((48, 48, 48)), id="1 mm"),
    pytest.param(oblique((60, 50, 20), (0.8, 1.0, 2.5), (20.0, 30.0, -20.0)), id="anisotropic and oblique"),
]


def volume_mm3(found: Target) -> float:
    assert found.part is not None
    return float(found.part.array.sum()) * found.part.geometry.voxel_volume_mm3


def middle(lattice: Geometry) -> tuple[float, float, float]:
    i, j, k = lattice.shape
    return lattice.index_to_ras((i / 2, j / 2, k / 2))


def centroid(found: Target) -> np.ndarray:
    assert found.part is not None
    index = np.argwhere(found.part.array > 0)
    weights = found.part.array[tuple(index.T)]
    mean = (index * weights[:, None]).sum(axis=0) / weights.sum()
    return np.asarray(found.part.geometry.index_to_ras(tuple(mean)))


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_sphere_of_20_mm_fills_a_sphere_of_16_4_mm_and_stays_where_it_is(lattice: Geometry) -> None:
    # 4/3 pi (0.82 x 10 mm)^3 = 2309.6 mm3; the whole sphere would have 4188.8 mm3.
    found = target(Sphere(center_mm=middle(lattice), diameter_mm=20.0), lattice)
    assert volume_mm3(found) == pytest.approx(2309.6, rel=0.01)
    np.testing.assert_allclose(centroid(found), middle(lattice), atol=0.05)
    whole = target(Sphere(center_mm=middle(lattice), diameter_mm=20.0), lattice, fraction=1.0)
    assert volume_mm3(whole) == pytest.approx(4188.8, rel=0.01)


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_point_with_a_size_and_a_line_of_that_length_mean_the_same_sphere(lattice: Geometry) -> None:
    center = np.asarray(middle(lattice))
    along = np.array([2.0, 3.0, 6.0]) / 7 * 9.0
    marks: list[WeakLabel] = [
        PointSize(point_mm=middle(lattice), size_mm=18.0),
        RecistLine(start_mm=tuple(center - along), end_mm=tuple(center + along)),
        Sphere(center_mm=middle(lattice), diameter_mm=18.0),
    ]
    shares = [image_target([mark], lattice).voxels.array for mark in marks]
    np.testing.assert_allclose(shares[0], shares[2], atol=0.05)
    np.testing.assert_allclose(shares[1], shares[2], atol=0.05)


def test_a_line_with_a_short_axis_is_an_ellipsoid_as_thick_as_the_short_axis() -> None:
    # pi / 6 x 20 x 12 x 12 = 1508.0 mm3
    lattice = straight((40, 40, 40))
    line = RecistLine(start_mm=(-10, 0, 0), end_mm=(10, 0, 0), short_mm=((0, -6, 0), (0, 6, 0)))
    assert volume_mm3(target(line, lattice)) == pytest.approx(1508.0, rel=0.01)


def test_a_fitted_ellipsoid_keeps_its_size_whether_it_or_its_box_was_drawn() -> None:
    # 4/3 pi x 4 x 6 x 9 = 904.8 mm3
    lattice = oblique((50, 50, 50), (0.7, 0.7, 0.9), (20.0, -20.0, -20.0))
    turned = lattice.affine[:3, :3] / np.asarray(lattice.spacing_mm)
    axes = tuple(tuple(turned[:, axis] * half) for axis, half in enumerate((4.0, 6.0, 9.0)))
    for outline in ("ellipsoid", "box"):
        label = Ellipsoid(center_mm=middle(lattice), half_axes_mm=axes, outline=outline)  # type: ignore[arg-type]
        assert volume_mm3(target(label, lattice)) == pytest.approx(904.8, rel=0.01)


def test_a_circle_on_a_radiograph_fills_its_area_and_the_rest_is_background() -> None:
    # pi (0.82 x 15)^2 = 475.3 pixels of 1 mm; one slice is 1 mm thick.
    lattice = straight((100, 80, 1))
    found = target(Circle(center_mm=(10.0, -5.0, 0.0), normal=(0, 0, 1), diameter_mm=30.0), lattice)
    assert volume_mm3(found) == pytest.approx(475.3, rel=0.005)
    assert found.background == found.weight


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_circle_in_a_volume_marks_one_layer_and_says_nothing_about_the_others(lattice: Geometry) -> None:
    k = 10.0
    center = lattice.index_to_ras((25.0, 25.0, k))
    normal = np.cross(lattice.affine[:3, 0], lattice.affine[:3, 1])
    normal /= np.linalg.norm(normal)
    found = target(Circle(center_mm=center, normal=tuple(normal), diameter_mm=20.0), lattice)
    whole = image_target([Circle(center_mm=center, normal=tuple(normal), diameter_mm=20.0)], lattice)
    assert np.unique(np.argwhere(whole.voxels.array)[:, 2]).tolist() == [10]
    area = volume_mm3(found) / lattice.spacing_mm[2]
    assert area == pytest.approx(math.pi * 8.2**2, rel=0.01)
    assert whole.weight.array[..., 9].max() == 0.0
    assert whole.weight.array[..., 10].max() == pytest.approx(0.7)


def test_a_contour_with_a_hole_and_a_keyhole_enclose_the_same_ring() -> None:
    lattice = straight((40, 40, 9), (1.0, 1.0, 2.0))
    rings, keyholes = [], []
    for z in (-2.0, 0.0, 2.0):
        outer = [(-10.0, -10.0, z), (10.0, -10.0, z), (10.0, 10.0, z), (-10.0, 10.0, z)]
        inner = [(-5.0, -5.0, z), (5.0, -5.0, z), (5.0, 5.0, z), (-5.0, 5.0, z)]
        rings += [tuple(outer), tuple(inner)]
        # Out along the outer square, in at its first corner, round the hole the other way, and back out.
        keyholes.append((*outer, outer[0], inner[0], *inner[:0:-1], inner[0]))
    ring, keyhole = (target(Contours(contours_mm=tuple(shape)), lattice) for shape in (rings, keyholes))
    # (20 x 20 - 10 x 10) mm2 x 3 slices of 2 mm
    assert volume_mm3(ring) == pytest.approx(1800.0, abs=1e-3)
    assert volume_mm3(keyhole) == pytest.approx(1800.0, abs=1e-3)


def test_an_oblique_contour_lies_where_its_lattice_is() -> None:
    lattice = oblique((30, 30, 12), (1.0, 1.0, 3.0))
    square = [(4.5, 5.5), (14.5, 5.5), (14.5, 20.5), (4.5, 20.5)]
    contours = tuple(tuple(lattice.index_to_ras((i, j, float(k))) for i, j in square) for k in (3, 4, 5))
    voxels = image_target([Contours(contours_mm=contours)], lattice).voxels.array
    expected = np.zeros(lattice.shape)
    expected[5:15, 6:21, 3:6] = 1
    np.testing.assert_array_equal(voxels, expected)


def test_a_crooked_contour_is_refused() -> None:
    with pytest.raises(InputError, match="does not lie in a plane"):
        target(Contours(contours_mm=(((0, 0, 0), (5, 0, 0), (5, 5, 3), (0, 5, 0)),)), straight((20, 20, 20)))


def test_a_point_alone_tells_its_voxel_and_nothing_else() -> None:
    lattice = straight((11, 11, 11))
    whole = image_target([PointSize(point_mm=(2.2, -1.0, 0.4))], lattice)
    assert np.argwhere(whole.voxels.array).tolist() == [[7, 4, 5]]
    assert whole.weight.array.sum() == pytest.approx(0.3)


def test_presence_tells_the_class_of_the_image_and_absence_tells_every_voxel() -> None:
    lattice = straight((4, 4, 4))
    present, absent = (image_target([Presence(present=value)], lattice) for value in (True, False))
    assert (present.presence, present.weight.array.max()) == (1.0, 0.0)
    assert (absent.presence, absent.voxels.array.max()) == (0.0, 0.0)
    assert absent.weight.array.min() == pytest.approx(0.9)


def test_presence_beside_a_sphere_takes_nothing_from_the_background() -> None:
    lattice = straight((20, 20, 20))
    both = image_target([Presence(present=True), Sphere(center_mm=(0, 0, 0), diameter_mm=8.0)], lattice)
    assert both.weight.array.min() == pytest.approx(0.67)


def test_two_labels_of_one_image_are_joined_each_with_its_trust() -> None:
    lattice = straight((40, 20, 20))
    far = Sphere(center_mm=(-10, 0, 0), diameter_mm=8.0, trust=0.4)
    near = Sphere(center_mm=(10, 0, 0), diameter_mm=8.0, trust=0.9)
    whole = image_target([far, near], lattice)
    assert whole.voxels.array[10, 10, 10] == whole.voxels.array[29, 10, 10] == 1.0
    assert whole.weight.array[10, 10, 10] == pytest.approx(0.4)
    assert whole.weight.array[29, 10, 10] == pytest.approx(0.9)
    assert whole.weight.array[0, 0, 0] == pytest.approx(0.4)


def test_readers_who_disagree_on_disease_are_named() -> None:
    with pytest.raises(InputError, match="disagree whether there is disease; got Presence of Ann, Presence of Bo"):
        image_target([Presence(present=True, reader="Ann"), Presence(present=False, reader="Bo")], straight((4, 4, 4)))


@pytest.mark.parametrize(
    "label", [Sphere(center_mm=(200, 0, 0), diameter_mm=5.0), PointSize(point_mm=(0, 0, 99))], ids=["sphere", "point"]
)
def test_a_label_outside_its_image_is_refused(label: WeakLabel) -> None:
    with pytest.raises(InputError, match=r"not lie in its image.*LPS"):
        target(label, straight((20, 20, 20)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Sphere(center_mm=(0, 0, 0), diameter_mm=0.0), "diameter_mm is not positive"),
        (lambda: PointSize(point_mm=(0, math.nan, 0)), "point_mm is no point"),
        (lambda: PointSize(point_mm=(0, 0, 0), trust=1.2), "trust is out of range; got 1.2"),
        (lambda: RecistLine(start_mm=(1, 1, 1), end_mm=(1, 1, 1)), "length of the line is not positive"),
        (lambda: Circle(center_mm=(0, 0, 0), normal=(0, 0, 2), diameter_mm=3), "no unit vector"),
        (lambda: Ellipsoid(center_mm=(0, 0, 0), half_axes_mm=((1, 0, 0), (1, 1, 0))), "not at right angles"),
    ],
)
def test_an_impossible_label_is_refused(make, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()

"""Painting on a lattice, and scanning what was painted."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Cone, Ellipsoid, tube
from lesionlab.phantoms.scanner import Scanner

EVERYTHING = (slice(None), slice(None), slice(None))


def canvas(shape: tuple[int, int, int] = (40, 40, 40), step_mm: float = 1.0) -> Canvas:
    axes = Axes.of((0, 0, 0), shape, (step_mm, step_mm, step_mm))
    return Canvas(axes, np.zeros(axes.shape, np.float32), edge_mm=step_mm)


def test_a_ball_of_ten_millimetres_fills_its_volume() -> None:
    paper = canvas()
    paper.replace(Ellipsoid((0.3, -1.2, 2.0), (10, 10, 10)), 100.0)
    assert paper.hu.sum() / 100 == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.01)


def test_a_turned_ellipsoid_lies_within_its_bounds() -> None:
    paper = canvas()
    c, s = np.cos(0.7), np.sin(0.7)
    shape = Ellipsoid((0, 0, 0), (14, 4, 4), ((c, s, 0), (-s, c, 0), (0, 0, 1)))
    assert paper.axes.within(*shape.bounds(0)) is not None
    inside = shape.distance(paper.axes) < 0
    box = np.zeros_like(inside)
    box[paper.axes.within(*shape.bounds(0)) or EVERYTHING] = True
    assert not (inside & ~box).any()
    assert inside.sum() == pytest.approx(4 / 3 * np.pi * 14 * 4 * 4, rel=0.03)


def test_the_distance_to_a_cone_is_that_to_its_nearest_point() -> None:
    axes = Axes.of((0, 0, 0), (3, 1, 1), (10, 1, 1))  # r = 10, 0, -10
    cone = Cone((0, 3, 0), (0, 7, 0), 1.0, 2.0)
    assert cone.distance(axes)[0, 0] == pytest.approx([np.sqrt(109) - 1, 2.0, np.sqrt(109) - 1])


def test_a_tube_goes_through_its_points() -> None:
    points: list[tuple[float, float, float]] = [(0, 0, 0), (10, 0, 5), (10, 10, 5)]
    parts = tube(points, [3, 2, 1], steps=4)
    assert [parts[0].start_mm, parts[3].end_mm, parts[-1].end_mm] == points
    assert (parts[0].start_radius_mm, parts[-1].end_radius_mm) == (3, 1)


def test_what_lies_outside_is_not_painted() -> None:
    paper = canvas()
    paper.replace(Ellipsoid((100, 0, 0), (10, 10, 10)), 100.0)
    paper.raise_to(Cone((0, 0, 90), (0, 0, 95), 2, 2), 100.0, 0.0)
    assert not paper.hu.any()


def test_vessels_that_overlap_do_not_add_up() -> None:
    paper = canvas()
    for _ in range(3):
        paper.raise_to(Cone((-10, 0, 0), (10, 0, 0), 3, 3), 120.0, 0.0)
    assert paper.hu.max() == pytest.approx(120)


def test_a_bronchus_has_a_wall_around_air() -> None:
    paper = canvas()
    paper.hu[...] = -870
    paper.raise_to(Cone((0, 0, -30), (0, 0, 30), 5, 5), -20.0, -870.0)
    paper.hollow(Cone((0, 0, -30), (0, 0, 30), 3, 3), -990.0, -20.0)
    line = paper.hu[20, 20, 20:28]  # 0.5, 1.5, ... mm from the axis, 0.5 mm off it
    assert line[0] == pytest.approx(-990)
    assert line[3:5].max() > -150
    assert line[7] == pytest.approx(-870)


def test_a_coarse_field_is_exact_where_it_is_linear() -> None:
    fine = Axes.of((3, -8, 20), (23, 31, 17), (0.7, 0.7, 1.5))
    coarse = Coarse.over(fine, (2.0, 2.0, 3.0))
    assert np.prod(coarse.axes.shape) < 0.2 * np.prod(fine.shape)
    box = (slice(2, 9), slice(0, 31), slice(5, 20))
    part = fine.part(box)
    found = coarse.upsample(2 * coarse.axes.r - coarse.axes.a + 0.5 * coarse.axes.s, box)
    assert np.allclose(found, 2 * part.r - part.a + 0.5 * part.s, atol=1e-3)


def test_noise_has_the_spread_that_is_asked_for_and_no_offset() -> None:
    for step in (0.7, 1.4):
        flat = np.full((12, 96, 80), -300, np.float32)
        hu = Scanner(noise_hu=25).scan(flat, (step, step, 1.5), np.random.default_rng(0))
        assert hu.std() == pytest.approx(25, rel=0.05)
        assert hu.mean() == pytest.approx(-300, abs=1)


def test_neighbouring_noise_is_correlated_as_in_a_ct() -> None:
    hu = Scanner(noise_hu=25).scan(np.zeros((12, 96, 80), np.float32), (0.7, 0.7, 1.5), np.random.default_rng(0))
    assert 0.2 < np.corrcoef(hu[:, :, 1:].ravel(), hu[:, :, :-1].ravel())[0, 1] < 0.9
    assert abs(np.corrcoef(hu[1:].ravel(), hu[:-1].ravel())[0, 1]) < 0.05


def test_the_kernel_spreads_a_point_by_its_sigma() -> None:
    hu = np.zeros((1, 65, 65), np.float32)
    hu[0, 32, 32] = 1
    out = Scanner(noise_hu=0, blur_mm=1.4, slab_mm=0).scan(hu, (0.7, 0.7, 1.5), np.random.default_rng(0))[0]
    away = (np.arange(65) - 32) * 0.7
    assert out.sum() == pytest.approx(1, abs=1e-4)
    assert np.sqrt((out.sum(axis=0) * away**2).sum()) == pytest.approx(1.4, rel=0.01)

"""Simulated lesions: reproducible, varied, and too hard for a threshold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.phantoms.lesions.noise import smooth_noise
from lesionlab.phantoms.lesions.scene import LesionScene, draw_scene
from lesionlab.phantoms.lesions.shapes import REACH, ellipsoid, from_bits, main_part, random_rotation


@pytest.fixture(scope="module")
def scenes() -> list[LesionScene]:
    return [draw_scene(np.random.default_rng([7, i]), 48) for i in range(40)]


def test_the_same_seed_draws_the_same_scene() -> None:
    a, b = (draw_scene(np.random.default_rng(3), 48) for _ in range(2))
    assert np.array_equal(a.image, b.image)
    assert np.array_equal(a.truth, b.truth)


def test_every_scene_holds_one_lesion_of_a_sensible_size(scenes: list[LesionScene]) -> None:
    for scene in scenes:
        share = float((scene.truth > 0.5).mean())
        assert 0.0005 < share < 0.15
        assert scene.truth.min() >= 0
        assert scene.truth.max() <= 1
        assert np.isfinite(scene.image).all()


def test_an_ellipsoid_has_the_volume_that_geometry_gives() -> None:
    n, half = 64, np.array([1.0, 1.4, 0.8])
    level = ellipsoid(n, np.zeros(3), half, random_rotation(np.random.default_rng(0)))
    volume = float((level < 0).sum()) * (2 * REACH / n) ** 3
    assert volume == pytest.approx(4 / 3 * np.pi * float(half.prod()), rel=0.02)


def test_a_stored_ball_comes_back_as_a_ball_of_about_its_size() -> None:
    axis = (np.arange(32) + 0.5) / 32 * 2.5 - 1.25
    ball = axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2 < 1
    level = from_bits(np.random.default_rng(1), 64, ball)
    radius = (float((level < 0).sum()) * (2 * REACH / 64) ** 3 * 3 / (4 * np.pi)) ** (1 / 3)
    assert 0.75 < radius < 1.3


def test_smooth_noise_has_zero_mean_and_unit_variance() -> None:
    field = smooth_noise(np.random.default_rng(0), 32, 6)
    assert abs(float(field.mean())) < 1e-4
    assert float(field.std()) == pytest.approx(1, abs=1e-3)


def test_main_part_drops_specks_and_fills_holes() -> None:
    bits = np.zeros((9, 9, 9), dtype=bool)
    bits[2:7, 2:7, 2:7] = True
    bits[4, 4, 4] = False
    bits[0, 0, 0] = True
    assert main_part(bits).sum() == 125


def test_a_threshold_at_the_click_does_not_solve_the_scenes(scenes: list[LesionScene]) -> None:
    """The best of eleven tolerances around the clicked intensity, chosen with the truth in hand, stays below 0.75."""
    best = []
    for scene in scenes:
        truth = scene.truth > 0.5
        depth = ndimage.distance_transform_edt(truth)
        click = np.unravel_index(int(depth.argmax()), depth.shape)
        scores = []
        for tolerance in np.linspace(0.05, 1.0, 11) * float(scene.image.std()):
            alike = np.abs(scene.image - scene.image[click]) < tolerance
            labels, _ = ndimage.label(alike)
            found = labels == labels[click]
            scores.append(2 * float((found & truth).sum()) / float(found.sum() + truth.sum()))
        best.append(max(scores))
    assert float(np.mean(best)) < 0.75

"""Windows that lie askew: what they see, and where lesions are in them."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.detect.mining import cut
from lesionlab.kinds.detect.turning import Turned, random_steps


def ball(shape, centre, diameter):
    at = np.indices(shape).reshape(len(shape), -1).T - np.asarray(centre)
    return (np.linalg.norm(at, axis=1) <= diameter / 2).reshape(shape).astype(np.float16)


def test_an_upright_window_is_a_plain_cut():
    values = np.random.default_rng(0).normal(size=(30, 40)).astype(np.float16)
    turned = Turned(np.array([11.5, 19.5]), np.eye(2), (8, 8))
    assert turned.cut(values) == pytest.approx(cut(values, np.array([8, 16]), (8, 8)))


def test_a_quarter_turn_brings_the_second_axis_to_the_first():
    values = np.zeros((9, 9), dtype=np.float16)
    values[4, 7] = 1
    turned = Turned(np.array([4.0, 4.0]), np.array([[0.0, -1.0], [1.0, 0.0]]), (9, 9))
    assert np.argwhere(turned.cut(values) > 0.5).tolist() == [[7, 4]]
    lesions = np.array([[4, 7, 3, 1]], dtype=np.float32)
    assert turned.lesions(lesions)[0] == pytest.approx([7, 4, 3, 1])


def test_what_is_seen_twice_as_small_has_half_the_size():
    lesions = np.array([[10, 14, 6, 0]], dtype=np.float32)
    turned = Turned(np.array([10.0, 10.0]), 2 * np.eye(2), (5, 5))
    assert turned.scale == pytest.approx(2)
    assert turned.lesions(lesions)[0] == pytest.approx([2, 4, 3, 0])


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_lesion_lies_where_the_window_shows_it(dimension):
    rng = np.random.default_rng(dimension)
    centre, shape = rng.uniform(18, 22, dimension), (40,) * dimension
    values = ball(shape, centre, 10)
    for _ in range(5):
        steps = random_steps(dimension, 0.6, 0.3, rng)
        turned = Turned(centre + rng.uniform(-3, 3, dimension), steps, (32,) * dimension)
        seen = turned.cut(values)
        lesion = turned.lesions(np.array([[*centre, 10, 0]], dtype=np.float32))[0]
        assert lesion[:dimension] == pytest.approx(np.argwhere(seen > 0.5).mean(axis=0), abs=0.3)
        volume = float(seen.sum()) * turned.scale**dimension
        assert volume == pytest.approx(float(values.sum()), rel=0.06)


def test_steps_keep_right_angles_and_stay_within_their_limits():
    rng = np.random.default_rng(5)
    for _ in range(20):
        steps = random_steps(3, 0.2, 0.15, rng)
        scale = abs(np.linalg.det(steps)) ** (1 / 3)
        assert steps.T @ steps == pytest.approx(scale**2 * np.eye(3), abs=1e-9)
        assert np.exp(-0.15) <= scale <= np.exp(0.15)
    assert random_steps(2, 0.0, 0.0, rng) == pytest.approx(np.eye(2))

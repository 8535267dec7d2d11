"""The competition of seeds: strengths by hand, and an edge that holds."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.shape.competition import compete, strength


def test_strength_is_the_product_along_the_best_path() -> None:
    values = np.array([0.0, 0.1, 0.1, 0.6], dtype=np.float32).reshape(4, 1, 1)
    seeds = np.array([True, False, False, False]).reshape(4, 1, 1)
    # Steps of 0.1, 0 and 0.5 from the seed on.
    assert strength(values, seeds).ravel().tolist() == pytest.approx([1.0, 0.9, 0.9, 0.45])


def test_a_path_around_a_wall_beats_the_way_through_it() -> None:
    values = np.zeros((3, 3, 1), dtype=np.float32)
    values[1, :2] = 1.0
    seeds = np.zeros((3, 3, 1), dtype=bool)
    seeds[0, 0] = True
    assert strength(values, seeds)[2, 0, 0] == pytest.approx(1.0)


def test_the_lesion_is_won_up_to_its_edge_in_either_contrast() -> None:
    n, side = 32, 2.5
    axis = ((np.arange(n) + 0.5) / n - 0.5) * side
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    ball = (radius < 0.5).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.03, ball.shape).astype(np.float32)
    for patch in (ball + noise, 40 - 900 * (ball + noise)):
        won = compete(patch[None].astype(np.float32), side)[0] > 0.5
        assert 2 * (won & (ball > 0)).sum() / (won.sum() + ball.sum()) > 0.97


def test_answers_lie_between_zero_and_one_for_a_constant_patch() -> None:
    won = compete(np.full((2, 16, 16, 16), 7.0, dtype=np.float32), 2.5)
    assert np.isfinite(won).all()
    assert won.min() >= 0
    assert won.max() <= 1

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.metrics.bootstrap import mean_interval


def test_equal_values_leave_no_doubt() -> None:
    interval = mean_interval(np.full(7, 0.25), np.random.default_rng(0))
    assert (interval.mean, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_the_interval_of_many_values_is_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    interval = mean_interval(values, np.random.default_rng(2), draws=4000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_the_true_mean_lies_within_about_as_often_as_promised() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(300):
        interval = mean_interval(rng.normal(0, 1, 40), rng, draws=400, share=0.9)
        inside += interval.low <= 0 <= interval.high
    assert 0.84 <= inside / 300 <= 0.95


def test_lesions_of_one_patient_count_as_one() -> None:
    values = np.repeat([0.0, 1.0, 2.0, 3.0], 50)
    patients = np.repeat(["a", "b", "c", "d"], 50).tolist()
    alone = mean_interval(values, np.random.default_rng(4), draws=2000)
    together = mean_interval(values, np.random.default_rng(4), patients, draws=2000)
    assert alone.mean == together.mean == 1.5
    assert together.high - together.low > 4 * (alone.high - alone.low)


def test_the_same_generator_gives_the_same_interval() -> None:
    values = np.arange(10.0)
    assert mean_interval(values, np.random.default_rng(5)) == mean_interval(values, np.random.default_rng(5))

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from lesionlab.errors import InputError
from lesionlab.metrics.calibration import Calibration, expected_error, reliability


def test_values_between_knots_are_interpolated_and_beyond_them_constant() -> None:
    calibration = Calibration(knots_x=(0.2, 0.6), knots_y=(0.1, 0.9))
    assert calibration.apply(np.array([0.0, 0.2, 0.3, 0.6, 1.0])) == pytest.approx([0.1, 0.1, 0.3, 0.9, 0.9])


@pytest.mark.parametrize(
    ("x", "y"), [((0.5, 0.2), (0.1, 0.2)), ((0.2, 0.5), (0.3, 0.2)), ((0.2,), (0.1, 0.2)), ((), ())]
)
def test_knots_that_do_not_rise_are_refused(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="knots"):
        Calibration(knots_x=x, knots_y=y)


def test_fitting_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(3000)
    raw = np.sqrt(truth)
    observed = truth + rng.normal(0, 0.05, 3000)
    calibration = Calibration.fit(raw, observed)
    edges = tuple(np.linspace(0, 1, 11).tolist())
    before = expected_error(reliability(raw, observed, edges))
    after = expected_error(reliability(calibration.apply(raw), observed, edges))
    assert before == pytest.approx(1 / 6, abs=0.02)  # the mean of sqrt(t) - t
    assert after < 0.02


def test_what_is_fitted_never_falls_even_when_the_data_do() -> None:
    x = np.linspace(0, 1, 100)
    calibration = Calibration.fit(x, 1 - x)
    assert calibration.apply(x) == pytest.approx(np.full(100, 0.5), abs=1e-6)


def test_a_calibration_survives_json() -> None:
    calibration = Calibration(knots_x=(0.2, 0.6), knots_y=(0.1, 0.9))
    assert Calibration.model_validate_json(calibration.model_dump_json()) == calibration


@pytest.mark.parametrize("y", [np.ones(5), np.full(20, np.nan)])
def test_too_little_to_fit_is_refused(y: np.ndarray) -> None:
    with pytest.raises(InputError, match="too little to calibrate"):
        Calibration.fit(np.linspace(0, 1, len(y)), y)


def test_reliability_by_hand() -> None:
    bins = reliability(np.array([0.1, 0.3, 0.9, 1.0]), np.array([0.0, 0.2, 1.0, 0.5]), (0.0, 0.5, 1.0))
    assert [(b.count, b.predicted, b.observed) for b in bins] == [
        (2, pytest.approx(0.2), pytest.approx(0.1)),
        (2, pytest.approx(0.95), pytest.approx(0.75)),
    ]
    assert expected_error(bins) == pytest.approx((2 * 0.1 + 2 * 0.2) / 4)
    assert expected_error([]) == 0.0

"""Windows as another scanner would show them."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.detect.intensities import CEILING, FLOOR
from lesionlab.kinds.detect.scanning import as_another_scanner, detailed, gamma_curve, noise, shaded
from lesionlab.kinds.detect.task import TrainingSettings

NOTHING = TrainingSettings(gamma=0, blur=0, noise=0)


def window(seed=0, shape=(24, 24, 24)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_a_gamma_curve_keeps_both_ends_and_bends_between_them():
    values = np.array([-1, 0, 0.5, 1], dtype=np.float32)
    # The middle, half of the range, becomes a quarter of it; three quarters become nine sixteenths.
    assert gamma_curve(values, 2) == pytest.approx([-1, -0.5, 0.125, 1])
    assert gamma_curve(values, 1) == pytest.approx(values)


def test_a_gamma_curve_never_turns_two_values_round():
    values = np.linspace(FLOOR, CEILING, 50, dtype=np.float32)
    for exponent in (0.6, 1.5):
        assert (np.diff(gamma_curve(values, exponent)) > 0).all()


@pytest.mark.parametrize("shape", [(24, 24, 24), (32, 32)])
def test_shading_multiplies_what_lies_above_the_floor_within_its_limits_and_steadily(shape):
    rng = np.random.default_rng(5)
    for _ in range(20):
        factor = shaded(np.full(shape, 0.5, dtype=np.float32), 0.6, rng) + 1
        assert np.exp(-0.6) - 1e-5 <= (factor / 1.5).min() <= (factor / 1.5).max() <= np.exp(0.6) + 1e-5
        # The logarithm is a plane: along each axis it changes by the same step everywhere.
        for axis in range(len(shape)):
            assert np.diff(np.log(factor), n=2, axis=axis) == pytest.approx(0, abs=1e-5)
    assert shaded(np.full(shape, -1, dtype=np.float32), 0.6, rng) == pytest.approx(-1)


def test_detail_is_what_a_blur_takes_away_and_no_slope():
    slope = np.linspace(-1, 1, 60, dtype=np.float32)
    for share in (-0.5, 0.5):
        assert detailed(slope, share, 3)[8:-8] == pytest.approx(slope[8:-8], abs=1e-5)
    wave = np.sin(2 * np.pi * np.arange(240) / 24).astype(np.float32)

    def height(share):
        return float(np.ptp(detailed(wave, share, 3)[24:-24])) / 2

    # A Gaussian of 3 samples leaves exp(-(2 pi 3 / 24)^2 / 2) = 0.735 of a wave of 24 samples; cut at two deviations a little more.
    assert height(-1) == pytest.approx(0.735, abs=0.04)
    assert height(0.5) == pytest.approx(1 + 0.5 * (1 - height(-1)), abs=1e-4)
    assert height(-0.5) == pytest.approx(1 - 0.5 * (1 - height(-1)), abs=1e-4)


@pytest.mark.parametrize("grain", [0.0, 0.7])
def test_noise_has_a_standard_deviation_of_one_whatever_its_grain(grain):
    drawn = noise((32, 32, 32), grain, np.random.default_rng(1))
    assert drawn.std() == pytest.approx(1, abs=0.01)
    neighbours = float((drawn[1:] * drawn[:-1]).mean())
    assert neighbours == pytest.approx(np.exp(-1 / (4 * grain**2)) if grain else 0, abs=0.06)


def test_without_limits_only_gain_and_offset_change():
    values = window()
    changed = as_another_scanner(values * 0.5, NOTHING, np.random.default_rng(3))
    gain, offset = np.polyfit(values.ravel() * 0.5, changed.ravel(), 1)
    assert changed == pytest.approx(values * 0.5 * gain + offset, abs=1e-5)
    assert np.exp(-0.15) <= gain <= np.exp(0.15)
    assert abs(offset) <= 0.1


def roughness(values, settings):
    rng = np.random.default_rng(4)
    return np.mean([np.abs(np.diff(as_another_scanner(values, settings, rng), axis=0)).mean() for _ in range(30)])


def test_blur_takes_sharpness_and_noise_brings_it():
    blurred, noisy = NOTHING.model_copy(update={"blur": 1.2}), NOTHING.model_copy(update={"noise": 0.5})
    assert roughness(window(), blurred) < 0.9 * roughness(window(), NOTHING)
    flat = np.zeros((24, 24, 24), dtype=np.float32)
    assert roughness(flat, NOTHING) == 0
    assert roughness(flat, noisy) > 0.01


def test_values_stay_within_what_a_network_sees():
    rng = np.random.default_rng(5)
    settings = TrainingSettings(gamma=0.5, blur=1.0, noise=1.0)
    for _ in range(10):
        changed = as_another_scanner(window(), settings, rng)
        assert changed.dtype == np.float32
        assert changed.min() >= np.float32(FLOOR)
        assert changed.max() <= np.float32(CEILING)

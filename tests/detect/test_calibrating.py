"""What a certainty means, learnt from what was found on validation images."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.detect.calibrating import Calibrated, calibrated, logistic
from lesionlab.metrics.froc import ImageMarks


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Certainties whose logit says twice too much: the chance of a hit is sigmoid(logit / 2 - 1)."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 3, count)
    hit = rng.random(count) < 1 / (1 + np.exp(-(logit / 2 - 1)))
    certainty = 1 / (1 + np.exp(-logit))
    return certainty[hit], certainty[~hit]


def test_the_chance_is_found_where_the_certainty_exaggerates() -> None:
    calibration = logistic(*drawn(4000, seed=0))

    assert calibration is not None
    for logit in (-2.0, 0.0, 2.0, 4.0):
        chance = float(calibration.apply(np.array([1 / (1 + np.exp(-logit))]))[0])
        assert chance == pytest.approx(1 / (1 + np.exp(-(logit / 2 - 1))), abs=0.04)


def test_more_certain_stays_more_likely_however_few_the_hits() -> None:
    found = calibrated([ImageMarks(np.array([0.6]), np.linspace(0.02, 0.5, 30))], rate=1.0)

    assert found.calibration is not None
    chances = [found.read(certainty) for certainty in np.linspace(0.02, 0.999, 50)]
    assert (np.diff(chances) > 0).all()
    assert chances[-1] < 1


def test_the_operating_point_is_read_like_every_other_certainty() -> None:
    images = [ImageMarks(np.array([0.9, 0.4]), np.array([0.6, 0.3, *np.linspace(0.02, 0.2, 20)]))] * 2

    found = calibrated(images, rate=1.0)

    # With one false positive an image both lesions are shown, from 0.4 on.
    assert found.operating_point == pytest.approx(found.read(0.4))


def test_too_little_is_left_as_it_is() -> None:
    few = ImageMarks(np.array([0.9]), np.array([0.2]))
    backwards = ImageMarks(np.linspace(0.02, 0.1, 20), np.linspace(0.5, 0.9, 20))

    assert calibrated([few], rate=1.0) == Calibrated(None, 0.9)
    assert calibrated([], rate=1.0) == Calibrated(None, 0.5)
    assert calibrated([backwards], rate=1.0).calibration is None

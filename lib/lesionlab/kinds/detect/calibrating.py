"""From what was found on validation images: what a certainty means, and from which confidence on to show candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.metrics.calibration import Calibration
from lesionlab.metrics.froc import ImageMarks, operating_point

Values = NDArray[np.float64]
_FEWEST = 20
#: Where the logistic function is tabled.
_LOGITS = np.linspace(-8, 8, 49)


@dataclass(frozen=True)
class Calibrated:
    """How to read a network's certainty of a class.

    Attributes:
        calibration: certainty -> the chance of a lesion; None when there was too little to learn it from.
        operating_point: the calibrated confidence from which on candidates are shown.
    """

    calibration: Calibration | None
    operating_point: float

    def read(self, certainty: float) -> float:
        """The chance of a lesion where the network is so certain."""
        return certainty if self.calibration is None else float(self.calibration.apply(np.array([certainty]))[0])


def calibrated(images: Sequence[ImageMarks], rate: float) -> Calibrated:
    """What the certainties of the marks mean, and the point with at most ``rate`` false positives an image."""
    hits = np.concatenate([image.found[np.isfinite(image.found)] for image in images]) if images else np.empty(0)
    false = np.concatenate([image.false for image in images]) if images else np.empty(0)
    least = operating_point(images, rate).confidence if len(hits) else 0.5
    if len(hits) + len(false) < _FEWEST or not len(hits) or not len(false):
        return Calibrated(None, least)
    calibration = logistic(hits, false)
    if calibration is None:
        return Calibrated(None, least)
    return Calibrated(calibration, float(calibration.apply(np.array([least]))[0]))


def logistic(hits: Values, false: Values) -> Calibration | None:
    """The chance of a hit as a logistic function of the certainty's logit (Platt 1999, with his smoothed targets).

    On the candidates of half of the images it lay nearer to what the other half showed than isotonic regression did, which has
    to learn the few certain candidates one by one. None when hits are no more certain than false marks.
    """
    from scipy.optimize import minimize

    x = np.concatenate([_logit(hits), _logit(false)])
    goal = np.concatenate(
        [np.full(len(hits), (len(hits) + 1) / (len(hits) + 2)), np.full(len(false), 1 / (len(false) + 2))]
    )

    def loss(parameters: Values) -> float:
        line = parameters[0] * x + parameters[1]
        return float(np.sum(np.logaddexp(0, line) - goal * line))

    slope, shift = (float(value) for value in minimize(loss, np.array([1.0, 0.0]), method="BFGS").x)
    if slope <= 0:
        return None
    values = 1 / (1 + np.exp(-(slope * _LOGITS + shift)))
    return Calibration(knots_x=tuple((1 / (1 + np.exp(-_LOGITS))).tolist()), knots_y=tuple(values.tolist()))


def _logit(certainty: Values) -> Values:
    clipped = np.clip(certainty, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))

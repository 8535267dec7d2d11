"""From what was found on validation images: what a certainty means, and from which confidence on to show candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lesionlab.metrics.calibration import Calibration
from lesionlab.metrics.froc import ImageMarks, operating_point

_FEWEST = 20


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
    """Isotonic calibration of the marks, and the point with at most ``rate`` false positives an image."""
    hits = np.concatenate([image.found[np.isfinite(image.found)] for image in images]) if images else np.empty(0)
    false = np.concatenate([image.false for image in images]) if images else np.empty(0)
    least = operating_point(images, rate).confidence if len(hits) else 0.5
    if len(hits) + len(false) < _FEWEST or not len(hits) or not len(false):
        return Calibrated(None, least)
    truth = np.concatenate([np.ones(len(hits)), np.zeros(len(false))])
    calibration = Calibration.fit(np.concatenate([hits, false]), truth)
    # Ties would lose the order of candidates: keep a little of the network's own certainty.
    rising = Calibration(
        knots_x=(0.0, *calibration.knots_x, 1.0001),
        knots_y=_rising((0.0, *calibration.knots_y, 1.0)),
    )
    return Calibrated(rising, float(rising.apply(np.array([least]))[0]))


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    share = np.linspace(0, 1, len(values))
    return tuple((0.98 * np.asarray(values) + 0.02 * share).tolist())

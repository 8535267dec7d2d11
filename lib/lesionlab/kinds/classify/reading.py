"""How to read a network's logits: calibrated probabilities, the operating point, and the band that is left to the reader."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize

from lesionlab.kinds.classify.task import DecisionSettings
from lesionlab.task import Frozen

Values = NDArray[np.float64]
_FEWEST = 10
_LEAST = 1e-6


class Reading(Frozen):
    """What was learnt on validation patients.

    Attributes:
        temperature: logits are divided by it (Guo et al. 2017).
        offsets: added after that, for each class: balanced training knows nothing of how common a class is.
        operating_point: the positive class's probability from which on it is chosen; None: the likeliest class is.
        band: cases that are less certain than this are left to the reader, see :meth:`certainty`.
    """

    temperature: float = Field(default=1.0, gt=0)
    offsets: tuple[float, ...] = ()
    operating_point: float | None = Field(default=None, gt=0, lt=1)
    band: float = Field(default=0.0, ge=0)

    def probabilities(self, logits: Values) -> Values:
        """(n, classes) -> (n, classes), rows sum to 1. With two classes the order of the cases stays as it was."""
        return _softmax(logits / self.temperature + np.asarray(self.offsets or 0.0))

    def certainty(self, probabilities: Values, target: int | None) -> Values:
        """(n,): how far a case is from another answer, as a difference of log odds."""
        if target is not None and self.operating_point is not None:
            return np.abs(_logit(probabilities[:, target]) - _logit(np.array([self.operating_point])))
        first, second = np.sort(probabilities, axis=1)[:, ::-1][:, :2].T
        return np.asarray(np.log(np.maximum(first, _LEAST)) - np.log(np.maximum(second, _LEAST)), dtype=np.float64)

    def turning_point(self, target: int | None) -> float:
        """Of two classes, the raw log odds of the positive one at the operating point; 0 where there is none."""
        if target is None or self.operating_point is None or len(self.offsets) > 2:
            return 0.0
        offset = self.offsets[target] - self.offsets[1 - target] if self.offsets else 0.0
        return self.temperature * (float(_logit(np.array([self.operating_point]))[0]) - offset)

    def chosen(self, probabilities: Values, target: int | None) -> NDArray[np.int64]:
        """(n,): the index of the class."""
        if target is None or self.operating_point is None:
            return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
        rest = probabilities.copy()
        rest[:, target] = -1.0
        return np.where(probabilities[:, target] >= self.operating_point, target, rest.argmax(axis=1))


def fit_reading(logits: Values, truth: NDArray[np.int64], target: int | None, settings: DecisionSettings) -> Reading:
    """Learn how to read logits (n, classes) of cases that the networks have not seen; plain softmax when there are too few."""
    classes = logits.shape[1] if logits.ndim == 2 else 0
    if len(truth) < _FEWEST or len(np.unique(truth)) < classes:
        return Reading(operating_point=None if target is None else 0.5)
    scaled = _scaled(logits, truth)
    probabilities = scaled.probabilities(logits)
    point = None if target is None else operating_point(probabilities[:, target], truth == target, settings)
    reading = scaled.model_copy(update={"operating_point": point})
    band = float(np.quantile(reading.certainty(probabilities, target), settings.abstain)) if settings.abstain else 0.0
    return reading.model_copy(update={"band": band})


def operating_point(scores: Values, present: NDArray[np.bool_], settings: DecisionSettings) -> float:
    """The middle between the score at which a case is still to be found and the next lower one.

    That is where sensitivity + specificity is highest, or the highest score with the wanted sensitivity.
    """
    levels = np.unique(scores)
    caught = np.array([(scores[present] >= level).mean() for level in levels])
    if settings.sensitivity is None:
        spared = np.array([(scores[~present] < level).mean() for level in levels])
        number = int(np.argmax(caught + spared))
    else:
        number = int(np.flatnonzero(caught >= settings.sensitivity - 1e-9)[-1])
    below = levels[number - 1] if number else levels[number]
    return float(np.clip((levels[number] + below) / 2, _LEAST, 1 - _LEAST))


def _scaled(logits: Values, truth: NDArray[np.int64]) -> Reading:
    classes, rows = logits.shape[1], np.arange(len(truth))

    def cost(parameters: Values) -> float:
        offsets = np.concatenate([[0.0], parameters[1:]])
        chances = _softmax(logits * np.exp(-parameters[0]) + offsets)[rows, truth]
        # The little weight keeps a perfect separation from being read as certainty.
        return float(-np.log(np.maximum(chances, 1e-12)).mean() + (parameters**2).sum() / len(truth))

    start = np.zeros(classes)
    found = minimize(cost, start, method="L-BFGS-B", bounds=[(-3.0, 3.0)] + [(-6.0, 6.0)] * (classes - 1))
    offsets = (0.0, *(float(x) for x in found.x[1:]))
    return Reading(temperature=float(np.exp(found.x[0])), offsets=offsets)


def _softmax(logits: Values) -> Values:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _logit(chances: Values) -> Values:
    inside = np.clip(chances, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)

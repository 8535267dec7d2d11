"""Does 0.8 mean 0.8? Predicted against observed values, and a monotone correction learnt from them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from lesionlab.errors import InputError

Values = NDArray[np.float64]


class Calibration(BaseModel):
    """A piecewise linear, never falling map of a raw value to a calibrated one, constant beyond its knots."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    knots_x: tuple[float, ...]
    knots_y: tuple[float, ...]

    @model_validator(mode="after")
    def _check(self) -> Calibration:
        rising = all(a < b for a, b in pairwise(self.knots_x)) and all(a <= b for a, b in pairwise(self.knots_y))
        if not self.knots_x or len(self.knots_x) != len(self.knots_y) or not rising:
            raise ValueError("knots must rise and be as many in x as in y")
        return self

    def apply(self, x: Values) -> Values:
        """Calibrated values."""
        return np.interp(x, self.knots_x, self.knots_y)

    @classmethod
    def fit(cls, x: Values, y: Values, weight: Values | None = None, knots: int = 9) -> Calibration:
        """Isotonic regression, thinned to ``knots`` knots at quantiles of ``x``.

        Raises:
            InputError: fewer than ten pairs, or values that are not finite.
        """
        from sklearn.isotonic import IsotonicRegression

        if len(x) < 10 or len(x) != len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InputError("too little to calibrate on", got=f"{len(x)} pairs", expected="at least 10 finite pairs")
        fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y, sample_weight=weight)
        edges = np.quantile(x, np.linspace(0, 1, knots + 1))
        places: list[float] = []
        levels: list[float] = []
        for low, high in pairwise(edges):
            members = x[(x >= low) & (x <= high)]
            if len(members) and (not places or members.mean() > places[-1] + 1e-6):
                places.append(float(members.mean()))
                levels.append(float(fitted.predict(members).mean()))
        return cls(knots_x=tuple(places), knots_y=tuple(np.maximum.accumulate(levels).tolist()))


#: Ten equal bins of a probability.
TENTHS = tuple(i / 10 for i in range(11))


@dataclass(frozen=True)
class Bin:
    """Pairs whose prediction lies in [low, high): how many, and both means."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability(predicted: Values, observed: Values, edges: tuple[float, ...]) -> list[Bin]:
    """The non-empty bins; the last one includes its upper edge."""
    bins = []
    for low, high in pairwise(edges):
        inside = (predicted >= low) & ((predicted < high) | ((high == edges[-1]) & (predicted == high)))
        if inside.any():
            means = float(predicted[inside].mean()), float(observed[inside].mean())
            bins.append(Bin(low, high, int(inside.sum()), *means))
    return bins


def expected_error(bins: list[Bin]) -> float:
    """Mean gap between prediction and observation, weighted by count (expected calibration error)."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.predicted - b.observed) for b in bins) / total if total else 0.0


def brier(probability: Values, happened: NDArray[np.bool_]) -> float:
    """The mean squared gap between a probability and what happened (Brier 1950): 0 at best, 0.25 for always 0.5."""
    return float(np.mean((probability - happened) ** 2))

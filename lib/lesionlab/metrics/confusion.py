"""Called diseased against diseased: counts and the rates made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from lesionlab.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Confusion:
    """Counts; a rate of nothing is None."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @classmethod
    def at(cls, diseased: NDArray[np.bool_], scores: NDArray[np.float64], threshold: float) -> Confusion:
        """Cases with a score of at least ``threshold`` are called diseased."""
        called = scores >= threshold
        hits, misses = int((called & diseased).sum()), int((~called & diseased).sum())
        return cls(hits, int((called & ~diseased).sum()), int((~called & ~diseased).sum()), misses)

    @property
    def cases(self) -> int:
        """All of them."""
        return self.true_positives + self.false_positives + self.true_negatives + self.false_negatives

    @property
    def sensitivity(self) -> float | None:
        """Of the diseased, the share that is called so (recall)."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> float | None:
        """Of those without the disease, the share that is called so."""
        return _share(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def precision(self) -> float | None:
        """Of those called diseased, the share that is (positive predictive value)."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def negative_predictive_value(self) -> float | None:
        """Of those called free of disease, the share that is."""
        return _share(self.true_negatives, self.true_negatives + self.false_negatives)

    @property
    def accuracy(self) -> float | None:
        """The share that is called rightly."""
        return _share(self.true_positives + self.true_negatives, self.cases)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and sensitivity."""
        return _share(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)


def share_interval(hits: int, cases: int, share: float = 0.95) -> Interval:
    """A share with its score interval (Wilson 1927), which holds for few cases and for shares of 0 and 1 too."""
    rate, z2 = hits / cases, float(norm.isf((1 - share) / 2)) ** 2
    middle = (rate + z2 / (2 * cases)) / (1 + z2 / cases)
    half = math.sqrt(z2 * (rate * (1 - rate) / cases + z2 / (4 * cases**2))) / (1 + z2 / cases)
    return Interval(rate, max(0.0, middle - half), min(1.0, middle + half))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""Intervals by resampling, patients with all their lesions at a time (Efron's percentile bootstrap)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its interval."""

    mean: float
    low: float
    high: float


def mean_interval(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    clusters: Sequence[str] | None = None,
    draws: int = 10_000,
    share: float = 0.95,
) -> Interval:
    """The mean of ``values`` with its interval; for paired methods give the differences.

    Args:
        values: one number per lesion.
        rng: draws the resamples.
        clusters: what belongs together (patients); every value alone when None.
        draws: resamples.
        share: of the resampled means that lie within the interval.
    """
    names = np.arange(len(values)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    sums, counts = np.bincount(names, weights=values), np.bincount(names)
    chosen = rng.integers(len(sums), size=(draws, len(sums)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return Interval(float(values.mean()), float(low), float(high))

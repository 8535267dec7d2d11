"""Intervals by resampling, patients with all their lesions at a time (Efron's percentile bootstrap)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError


@dataclass(frozen=True)
class Interval:
    """A mean, or another figure, and the bounds of its interval."""

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


def resampled(
    statistic: Callable[[NDArray[np.intp]], float],
    rng: np.random.Generator,
    clusters: Sequence[str],
    draws: int = 2000,
    share: float = 0.95,
) -> Interval:
    """Any statistic with its interval.

    Args:
        statistic: of the cases with these indices, which may repeat; nan where it is not defined.
        rng: draws the resamples.
        clusters: for each case what it belongs to (its patient).
        draws: resamples; those where the statistic is not defined do not count.
        share: of the resampled values that lie within the interval.

    Raises:
        InputError: it is not defined for the cases as they are, or for most resamples.
    """
    value = statistic(np.arange(len(clusters)))
    values = np.array([statistic(chosen) for chosen in resamples(clusters, rng, draws)])
    valid = values[np.isfinite(values)]
    if not np.isfinite(value) or 2 * len(valid) < draws:
        raise InputError(
            "too few cases for an interval",
            got=f"{len(set(clusters))} patients; the figure is defined in {len(valid)} of {draws} resamples",
        )
    low, high = np.quantile(valid, [(1 - share) / 2, (1 + share) / 2])
    return Interval(float(value), float(low), float(high))


def resamples(clusters: Sequence[str], rng: np.random.Generator, draws: int) -> Iterator[NDArray[np.intp]]:
    """Indices of the cases of each resample: as many clusters as there are, drawn with replacement, each with all its cases."""
    names = np.unique(np.asarray(clusters), return_inverse=True)[1]
    members = np.split(np.argsort(names, kind="stable"), np.cumsum(np.bincount(names))[:-1])
    for _ in range(draws):
        yield np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])

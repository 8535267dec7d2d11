"""ROC analysis of a score that says how likely a case is diseased.

Sources: DeLong, DeLong and Clarke-Pearson 1988 (covariance of areas); Sun and Xu 2014 (the same by midranks); Obuchowski 1997
(several cases of one patient); Newcombe 2006, part 2, method 5 (an interval where the sample's variance is none).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_auc_score, roc_curve

from lesionlab.errors import InputError
from lesionlab.metrics.bootstrap import Interval

Truth = NDArray[np.bool_]
Scores = NDArray[np.float64]

#: A variance below this is none: it is what rounding leaves.
_NONE = 1e-12


@dataclass(frozen=True)
class RocPoint:
    """Cases with a score of at least ``threshold`` are called diseased; infinite at the start of the curve."""

    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Difference:
    """Of two paired figures, the first less the second.

    Attributes:
        value: the difference.
        low: lower bound of its interval.
        high: upper bound.
        p: two-sided, of the hypothesis that there is none.
    """

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False)
class Areas:
    """Areas under several curves of the same cases.

    Attributes:
        values: (k,).
        covariance: (k, k), nan where there are fewer than two patients with, or without, disease.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]


def auc(diseased: Truth, scores: Scores) -> float:
    """The area under the curve: the chance that a diseased case scores above one that is not, ties counting half.

    Raises:
        InputError: one class is missing, or a score is not finite.
    """
    _check(diseased, scores)
    return float(roc_auc_score(diseased, scores))


def curve(diseased: Truth, scores: Scores) -> list[RocPoint]:
    """The empirical curve, from the strictest threshold (nobody is called diseased) to the laxest (everybody is).

    Raises:
        InputError: as :func:`auc`.
    """
    _check(diseased, scores)
    wrong, right, levels = roc_curve(diseased, scores, drop_intermediate=False)
    return [RocPoint(float(t), float(s), 1 - float(f)) for t, s, f in zip(levels, right, wrong, strict=True)]


def operating_point(diseased: Truth, scores: Scores, sensitivity: float) -> RocPoint:
    """The strictest threshold that reaches a sensitivity.

    Raises:
        InputError: as :func:`auc`, or the sensitivity is not in (0, 1].
    """
    if not 0 < sensitivity <= 1:
        raise InputError("the sensitivity cannot be reached", got=sensitivity, expected="more than 0, at most 1")
    return next(point for point in curve(diseased, scores) if point.sensitivity >= sensitivity - 1e-12)


def areas(diseased: Truth, scores: NDArray[np.float64], patients: Sequence[str] | None = None) -> Areas:
    """Areas of several scores of the same cases, with their covariance.

    Args:
        diseased: (n,).
        scores: (k, n), one row for each score.
        patients: (n,), whose case it is; every case is another patient's when None.

    Raises:
        InputError: as :func:`auc`.
    """
    for row in scores:
        _check(diseased, row)
    with_disease, without = _placements(diseased, scores)
    values = with_disease.mean(axis=1)
    names = np.arange(len(diseased)) if patients is None else np.unique(np.asarray(patients), return_inverse=True)[1]
    first = _sums(with_disease - values[:, None], names[diseased], len(diseased))
    second = _sums(without - values[:, None], names[~diseased], len(diseased))
    m, n = int(diseased.sum()), int((~diseased).sum())
    ill, well, both = (len(np.unique(names[part])) for part in (diseased, ~diseased, slice(None)))
    if min(ill, well) < 2:
        return Areas(values, np.full((len(scores), len(scores)), np.nan))
    cross = first @ second.T
    covariance = first @ first.T * ill / (ill - 1) / m**2 + second @ second.T * well / (well - 1) / n**2
    return Areas(values, covariance + (cross + cross.T) * both / (both - 1) / (m * n))


def auc_interval(
    diseased: Truth, scores: Scores, patients: Sequence[str] | None = None, share: float = 0.95
) -> Interval:
    """The area with its interval: DeLong's variance on the logit scale (Pepe 2003), so that it stays within 0 and 1.

    Where the sample has no variance (perfect separation, a constant score, a single diseased case) the score interval of
    Newcombe stands in, which still widens with fewer cases.

    Raises:
        InputError: as :func:`auc`.
    """
    found = areas(diseased, scores[None], patients)
    value, variance = float(found.values[0]), float(found.covariance[0, 0])
    z = float(norm.isf((1 - share) / 2))
    if not variance > _NONE or value in (0.0, 1.0):
        return _newcombe(value, int(diseased.sum()), int((~diseased).sum()), z)
    logit, half = math.log(value / (1 - value)), z * math.sqrt(variance) / (value * (1 - value))
    return Interval(value, 1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit)))


def compare_aucs(
    diseased: Truth, first: Scores, second: Scores, patients: Sequence[str] | None = None, share: float = 0.95
) -> Difference:
    """Two scores of the same cases: the difference of their areas, its interval, and DeLong's test.

    Raises:
        InputError: as :func:`auc`, or there are fewer than two patients with, or without, disease.
    """
    found = areas(diseased, np.stack([first, second]), patients)
    value = float(found.values[0] - found.values[1])
    (a, b), (_, c) = found.covariance
    variance = float(a + c - 2 * b)
    if math.isnan(variance):
        raise InputError(
            "too few patients to compare two areas", expected="at least two with the disease and two without"
        )
    if variance < _NONE:
        return Difference(value, value, value, 1.0 if abs(value) < _NONE else 0.0)
    error = math.sqrt(variance)
    half = float(norm.isf((1 - share) / 2)) * error
    return Difference(value, value - half, value + half, float(2 * norm.sf(abs(value) / error)))


def _check(diseased: Truth, scores: Scores) -> None:
    if len(diseased) != len(scores):
        raise InputError("scores and truths differ in number", got=f"{len(scores)} and {len(diseased)}")
    if not np.isfinite(scores).all():
        raise InputError("a score is not finite", got=str(scores[~np.isfinite(scores)][0]), expected="finite scores")
    if diseased.all() or not diseased.any():
        only = "with" if len(diseased) and diseased.all() else "without"
        raise InputError(
            "a ROC curve needs cases of both classes",
            got=f"{len(diseased)} cases, all {only} the disease" if len(diseased) else "no case",
            expected="at least one with and one without",
        )


def _placements(diseased: Truth, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each diseased case the share of the others that it beats, and for each other the share that beats it."""
    ill, well = scores[:, diseased], scores[:, ~diseased]
    m, n = ill.shape[1], well.shape[1]
    together = rankdata(np.concatenate([ill, well], axis=1), axis=1)
    return (together[:, :m] - rankdata(ill, axis=1)) / n, 1 - (together[:, m:] - rankdata(well, axis=1)) / m


def _sums(values: NDArray[np.float64], names: NDArray[np.intp], patients: int) -> NDArray[np.float64]:
    return np.stack([np.bincount(names, weights=row, minlength=patients) for row in values])


def _newcombe(value: float, m: int, n: int, z: float) -> Interval:
    """The areas whose own variance, as Newcombe gives it, leaves ``value`` within ``z`` standard errors."""
    mean = (m + n) / 2 - 1

    def beyond(area: float) -> float:
        shape = 1 + mean * (1 - area) / (2 - area) + mean * area / (1 + area)
        return (value - area) ** 2 - z**2 * area * (1 - area) * shape / (m * n)

    low = 0.0 if value == 0 else float(brentq(beyond, 0.0, min(value, 1 - 1e-9)))
    high = 1.0 if value == 1 else float(brentq(beyond, max(value, 1e-9), 1.0))
    return Interval(value, low, high)

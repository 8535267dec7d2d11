"""Several readers of the same cases: two ways of reading compared, or a model with the readers.

Sources: Obuchowski and Rockette 1995 (the model: readers and cases both are samples); Hillis 2007 (its degrees of freedom).
A model is a second way of reading in which all readers answer alike; the comparison then is the one-sided special case
that Chakraborty (Observer Performance Methods, 2017, chapter 22) gives for a machine against radiologists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from lesionlab.errors import InputError
from lesionlab.metrics.roc import Difference, Scores, Truth, areas


@dataclass(frozen=True)
class ReadersComparison:
    """Mean areas of two ways of reading, and their difference.

    Attributes:
        first: mean over the readers.
        second: mean over the readers.
        of_all: the difference as it speaks for readers and cases like these; the readers are a sample too.
        of_these: the difference as it speaks for these readers alone.
    """

    first: float
    second: float
    of_all: Difference
    of_these: Difference


def enough_patients(diseased: Truth, patients: Sequence[str]) -> bool:
    """Whether there are two patients with, and two without, disease: with fewer the areas' variance is unknown."""
    names = np.asarray(patients)
    return min(len(np.unique(names[diseased])), len(np.unique(names[~diseased]))) >= 2


def compare_ways(
    diseased: Truth,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    patients: Sequence[str] | None = None,
    share: float = 0.95,
) -> ReadersComparison:
    """Two ways of reading, every reader reading every case both ways.

    Args:
        diseased: (n,).
        first: (readers, n), scores.
        second: (readers, n).
        patients: (n,), whose case it is; every case is another patient's when None.
        share: of the intervals.

    Raises:
        InputError: there are fewer than two readers, or fewer than two patients with, or without, disease.
    """
    readers = len(first)
    found = areas(diseased, np.concatenate([first, second]), patients)
    if readers < 2 or np.isnan(found.covariance).any():
        raise InputError(
            "too few readers or patients",
            got=f"{readers} readers, {int(diseased.sum())} cases with the disease and {int((~diseased).sum())} without",
            expected="at least two of each, of different patients",
        )
    subtract = np.concatenate([np.eye(readers), -np.eye(readers)], axis=1)
    differences, covariance = subtract @ found.values, subtract @ found.covariance @ subtract.T
    return ReadersComparison(
        float(found.values[:readers].mean()),
        float(found.values[readers:].mean()),
        readers_random(differences, covariance, share),
        readers_fixed(differences, covariance, share),
    )


def model_against_readers(
    diseased: Truth,
    model: Scores,
    readers: NDArray[np.float64],
    patients: Sequence[str] | None = None,
    share: float = 0.95,
) -> ReadersComparison:
    """The model's area less the readers' mean. Arguments as :func:`compare_ways`; ``model`` is (n,)."""
    return compare_ways(diseased, np.tile(model, (len(readers), 1)), readers, patients, share)


def readers_random(differences: Scores, covariance: NDArray[np.float64], share: float = 0.95) -> Difference:
    """The mean difference where readers and cases are samples (Obuchowski-Rockette with Hillis's degrees of freedom).

    Args:
        differences: (readers,), of each reader's two areas.
        covariance: (readers, readers), of the differences, over cases.
        share: of the interval.
    """
    readers = len(differences)
    between = float(differences.var(ddof=1))
    common = float(covariance.sum() - np.trace(covariance)) / (readers * (readers - 1))
    total = between + max(readers * common, 0.0)
    freedom = (readers - 1) * (total / between) ** 2 if between > 0 else math.inf
    return _tested(float(differences.mean()), math.sqrt(total / readers), freedom, share)


def readers_fixed(differences: Scores, covariance: NDArray[np.float64], share: float = 0.95) -> Difference:
    """The mean difference for these readers, where only the cases are a sample. Arguments as :func:`readers_random`."""
    error = math.sqrt(max(float(covariance.sum()), 0.0)) / len(differences)
    return _tested(float(differences.mean()), error, math.inf, share)


def _tested(value: float, error: float, freedom: float, share: float) -> Difference:
    if error < 1e-9:
        return Difference(value, value, value, 1.0 if abs(value) < 1e-9 else 0.0)
    law = norm if math.isinf(freedom) else student(freedom)
    half = float(law.isf((1 - share) / 2)) * error
    return Difference(value, value - half, value + half, float(2 * law.sf(abs(value) / error)))

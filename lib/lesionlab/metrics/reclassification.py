"""From one diagnosis of the same cases to another: who is better off, and where the two are right or wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, rankdata

from lesionlab.errors import InputError
from lesionlab.metrics.roc import Difference


class Region(StrEnum):
    """Whether a model and a reader are right about a case."""

    BOTH_RIGHT = "both right"
    MODEL_RIGHT = "only the model right"
    READER_RIGHT = "only the reader right"
    BOTH_WRONG = "both wrong"


@dataclass(frozen=True)
class Reclassification:
    """Net reclassification from a first score to a second one.

    Attributes:
        diseased: of the cases with the disease, the share that moves up less the share that moves down.
        healthy: of the others, the share that moves down less the share that moves up.
        total: their sum, from -2 to 2, with interval and test.
    """

    diseased: float
    healthy: float
    total: Difference


def net_reclassification(
    diseased: NDArray[np.bool_],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    patients: Sequence[str] | None = None,
    share: float = 0.95,
) -> Reclassification:
    """The net reclassification index: of categories (Pencina 2008) if the scores are their numbers, else continuous (2011).

    The variance does not assume that there is no net reclassification, so that interval and test agree (Pencina 2011).

    Args:
        diseased: (n,).
        first: (n,), categories or scores.
        second: (n,), on the same scale.
        patients: (n,), whose case it is; every case is another patient's when None.
        share: of the interval.

    Raises:
        InputError: a class is missing.
    """
    if diseased.all() or not diseased.any():
        raise InputError("net reclassification needs cases of both classes", got=f"{len(diseased)} cases of one class")
    moves = np.sign(second - first) * np.where(diseased, 1, -1)
    up, down = float(moves[diseased].mean()), float(moves[~diseased].mean())
    names = np.arange(len(moves)) if patients is None else np.unique(np.asarray(patients), return_inverse=True)[1]
    parts = np.where(diseased, (moves - up) / diseased.sum(), (moves - down) / (~diseased).sum())
    error = math.sqrt(float((np.bincount(names, weights=parts) ** 2).sum()))
    value, half = up + down, float(norm.isf((1 - share) / 2)) * error
    p = float(2 * norm.sf(abs(value) / error)) if error > 0 else float(value == 0)
    return Reclassification(up, down, Difference(value, value - half, value + half, p))


def percentiles(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each case's rank among all, in (0, 1): a common scale for scores in different units."""
    return np.asarray((rankdata(scores) - 0.5) / len(scores), dtype=np.float64)


def regions(
    diseased: NDArray[np.bool_], model: NDArray[np.bool_], reader: NDArray[np.bool_]
) -> dict[Region, NDArray[np.intp]]:
    """The indices of the cases in each region; ``model`` and ``reader`` say who called the case diseased."""
    by_model, by_reader = model == diseased, reader == diseased
    return {
        Region.BOTH_RIGHT: np.flatnonzero(by_model & by_reader),
        Region.MODEL_RIGHT: np.flatnonzero(by_model & ~by_reader),
        Region.READER_RIGHT: np.flatnonzero(~by_model & by_reader),
        Region.BOTH_WRONG: np.flatnonzero(~by_model & ~by_reader),
    }


def discordance_p(first_only: int, second_only: int) -> float:
    """Two-sided p of the exact test of McNemar (1947): of the cases that only one of two got right, half are each one's."""
    both = first_only + second_only
    return float(binomtest(first_only, both, 0.5).pvalue) if both else 1.0

"""How well scores tell classes apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Values = NDArray[np.float64]


def separation(probabilities: Values, truth: NDArray[np.int64]) -> float:
    """Area under the ROC curve; with more than two classes its mean over them, each against the rest; 0 with one class alone.

    Args:
        probabilities: (n, classes).
        truth: (n,), the index of the class.
    """
    present = [n for n in range(probabilities.shape[1]) if 0 < (truth == n).sum() < len(truth)]
    if not present:
        return 0.0
    if probabilities.shape[1] == 2:
        present = [1]
    return float(np.mean([_area(probabilities[:, n], truth == n) for n in present]))


def _area(scores: Values, present: NDArray[np.bool_]) -> float:
    """The chance that one of those present scores above one of the others; ties count half (Mann and Whitney 1947)."""
    count = int(present.sum())
    ranks = float(rankdata(scores)[present].sum()) - count * (count + 1) / 2
    return ranks / (count * (len(scores) - count))

"""What needs no understanding of a picture: its mean, its histogram, its largest bright blob. Each as a cross-validated AUC.

``python -m tests.phantoms.baselines COHORT CASES`` measures a cohort as ``docs/phantoms.md`` reports it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.files import read_volume
from lesionlab.phantoms.cohorts import write_cohort
from lesionlab.store.cases import Case, read_cases

Image = NDArray[Any]
_BINS = 32


@dataclass(frozen=True)
class Baselines:
    """AUC of each; with more than two classes the mean of one against the rest."""

    mean: float
    histogram: float
    blob: float

    @property
    def best(self) -> float:
        return max(self.mean, self.histogram, self.blob)


def baselines(images: Sequence[Image], labels: Sequence[str]) -> Baselines:
    """Of pictures or volumes and their classes."""
    low, high = min(float(i.min()) for i in images), max(float(i.max()) for i in images)
    counts = [np.histogram(i, bins=_BINS, range=(low, high))[0] / i.size for i in images]
    return Baselines(
        mean=auc([[float(i.mean())] for i in images], labels),
        histogram=auc(counts, labels),
        blob=auc([[_largest_blob(i)] for i in images], labels),
    )


def auc(
    features: Sequence[Sequence[float]] | Sequence[NDArray[np.floating]], labels: Sequence[str], boosted: bool = True
) -> float:
    """The better of logistic regression and (if ``boosted``) boosted trees, each 5-fold; below chance counts as chance."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, truth = np.asarray(features, dtype=float), np.asarray(labels)
    best = 0.5
    models: list[Any] = [make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))]
    if boosted:
        models.append(GradientBoostingClassifier(n_estimators=50, max_depth=2, max_features="sqrt", random_state=0))
    for model in models:
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        scores = cross_val_predict(model, values, truth, cv=folds, method="predict_proba")
        two = scores.shape[1] == 2
        found = roc_auc_score(truth, scores[:, 1] if two else scores, multi_class="ovr")
        best = max(best, float(found))
    return best


def _largest_blob(image: Image) -> float:
    parts, count = ndimage.label(image > np.percentile(image, 90))
    return float(np.bincount(parts.ravel())[1:].max()) if count else 0.0


def _thinned(image: Image) -> Image:
    """Every other voxel of a volume, so that a cohort fits into memory."""
    return image[::2, ::2].copy() if image.shape[2] > 4 else image


def around(image: Image, case: Case, half: int) -> Image:
    """The square around a case's point, for cohorts whose cases are points in a picture (x, y, 1)."""
    assert case.point_mm is not None
    x, y = (round(-c) for c in case.point_mm[:2])
    return image[max(x - half, 0) : x + half, max(y - half, 0) : y + half]


def main() -> None:
    name, count = sys.argv[1], int(sys.argv[2])
    half = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    with tempfile.TemporaryDirectory() as folder:
        write_cohort(name, Path(folder), count, np.random.default_rng(11), None)
        cases = read_cases(Path(folder))
        images = [_thinned(read_volume(case.image).array) for case in cases]
    if half:
        images = [around(image, case, half) for image, case in zip(images, cases, strict=True)]
    labels = [case.label for case in cases]
    sys.stdout.write(f"{name}: {len(labels)} cases, {baselines(images, labels)}\n")
    if all(case.size_mm is not None for case in cases):
        sizes = [[float(case.size_mm or 0)] for case in cases]
        sys.stdout.write(f"size alone: {auc(sizes, labels):.2f}\n")


if __name__ == "__main__":
    main()

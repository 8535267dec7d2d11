"""How far the images of two sites lie apart: what is measured in each image, and how well a classifier tells the sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import kurtosis, skew, wasserstein_distance

from lesionlab.image.volume import Volume
from lesionlab.metrics.bootstrap import Interval
from lesionlab.metrics.roc import auc_interval

#: What :func:`fingerprint` measures.
MEASURES = (
    "mean",
    "spread",
    "skewness",
    "kurtosis",
    "5th percentile",
    "95th percentile",
    "noise",
    "sharpness",
    "bright share",
    "pixel, mm",
)
_LEVELS = 256
_FOLDS, _FEWEST = 5, 4


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """One image.

    Attributes:
        patient: whose.
        measures: (10,), see ``MEASURES``; intensities as the image stores them.
        levels: (256,), intensities at equal steps of probability.
        features: (n,), of the network's deepest layer, or None where the kind shows none.
    """

    patient: str
    measures: NDArray[np.float64]
    levels: NDArray[np.float64]
    features: NDArray[np.float64] | None


@dataclass(frozen=True)
class Apart:
    """Two sites.

    Attributes:
        images: the area under the curve of a classifier that tells them by ``MEASURES``; 0.5: it cannot, 1: it always can.
        network: the same by the network's features, or None.
        distance: root mean square of the differences of the measures, in pooled standard deviations.
        transport: how far intensities must be moved to become the other site's, in spreads of the first site.
        largest: the measures that differ most, with the difference in pooled standard deviations.
    """

    images: Interval
    network: Interval | None
    distance: float
    transport: float
    largest: tuple[tuple[str, float], ...]


def fingerprint(volume: Volume, patient: str, features: NDArray[np.float32] | None = None) -> Fingerprint:
    """Measure an image."""
    values = volume.array.astype(np.float64)
    flat = values.ravel()
    low, high = np.percentile(flat, [5, 95])
    slopes = [np.abs(np.diff(values, axis=axis)).mean() for axis, n in enumerate(values.shape) if n > 1]
    thin = int(np.argmin(values.shape))
    plane = values.take(values.shape[thin] // 2, thin)
    measures = np.array(
        [
            flat.mean(),
            flat.std(),
            np.nan_to_num(skew(flat)),
            np.nan_to_num(kurtosis(flat)),
            low,
            high,
            # Immerkaer 1996: a Laplacian sees little but noise; the median keeps edges out.
            float(np.median(np.abs(ndimage.laplace(plane)))),
            float(np.mean(slopes)) / max(float(flat.std()), 1e-9) if slopes else 0.0,
            float((flat > flat.mean()).mean()),
            float(np.mean(volume.geometry.spacing_mm[:2])),
        ]
    )
    levels = np.quantile(flat, (np.arange(_LEVELS) + 0.5) / _LEVELS)
    return Fingerprint(patient, measures, levels, None if features is None else features.astype(np.float64))


def apart(first: Sequence[Fingerprint], second: Sequence[Fingerprint], rng: np.random.Generator) -> Apart | None:
    """Two sites compared; None where one has fewer than four patients."""
    if min(len({one.patient for one in site}) for site in (first, second)) < _FEWEST:
        return None
    a, b = (np.stack([one.measures for one in site]) for site in (first, second))
    spread = np.maximum(np.sqrt((a.var(axis=0) + b.var(axis=0)) / 2), 1e-9)
    gaps = (b.mean(axis=0) - a.mean(axis=0)) / spread
    largest = np.argsort(-np.abs(gaps), kind="stable")[:3]
    levels = [np.concatenate([one.levels for one in site]) for site in (first, second)]
    transport = wasserstein_distance(*levels) / max(float(levels[0].std()), 1e-9)
    return Apart(
        _told(first, second, [one.measures for one in (*first, *second)], rng),
        _by_network(first, second, rng),
        float(np.sqrt(np.mean(gaps**2))),
        float(transport),
        tuple((MEASURES[n], float(gaps[n])) for n in largest),
    )


def _by_network(
    first: Sequence[Fingerprint], second: Sequence[Fingerprint], rng: np.random.Generator
) -> Interval | None:
    rows = [one.features for one in (*first, *second) if one.features is not None]
    return _told(first, second, rows, rng) if len(rows) == len(first) + len(second) else None


def _told(
    first: Sequence[Fingerprint],
    second: Sequence[Fingerprint],
    rows: Sequence[NDArray[np.float64]],
    rng: np.random.Generator,
) -> Interval:
    """Cross-validated logistic regression, no patient in both parts (a proxy of the A-distance, Ben-David et al. 2010)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    sites = np.array([False] * len(first) + [True] * len(second))
    patients = [f"1 {one.patient}" for one in first] + [f"2 {one.patient}" for one in second]
    folds = min(_FOLDS, *(len({one.patient for one in site}) for site in (first, second)))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    splits = StratifiedGroupKFold(folds, shuffle=True, random_state=int(rng.integers(2**31)))
    scores = cross_val_predict(
        classifier, np.stack(rows), sites, groups=patients, cv=splits, method="decision_function"
    )
    return auc_interval(sites, np.asarray(scores, dtype=np.float64), patients)

"""Free-response ROC: how many lesions are found against how many false marks an image gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.metrics.bootstrap import resamples

#: False positives for each image at which the competition metric averages (LUNA16: Setio et al. 2017).
RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Mark:
    """A candidate: where, how sure, and (once compared) which lesion it hits."""

    point_mm: Point
    confidence: float


@dataclass(frozen=True)
class Target:
    """A lesion: its centre, and how far from it a mark may lie to count as a hit."""

    point_mm: Point
    reach_mm: float


@dataclass(frozen=True, eq=False)
class ImageMarks:
    """One image, compared.

    Attributes:
        found: for each lesion the highest confidence among the marks that hit it, -inf when none does.
        false: the confidences of the marks that hit no lesion. A second mark on a lesion is neither.
    """

    found: NDArray[np.float64]
    false: NDArray[np.float64]


@dataclass(frozen=True)
class Operating:
    """A point of the curve: marks of at least ``confidence`` are shown."""

    confidence: float
    sensitivity: float
    false_positives: float


def compare(marks: Sequence[Mark], targets: Sequence[Target]) -> ImageMarks:
    """Which marks hit which lesion: a mark counts for the nearest lesion within whose reach it lies."""
    found = np.full(len(targets), -np.inf)
    false = []
    centres = np.array([t.point_mm for t in targets], dtype=np.float64).reshape(-1, 3)
    reach = np.array([t.reach_mm for t in targets])
    for mark in marks:
        distance = np.linalg.norm(centres - np.asarray(mark.point_mm), axis=1)
        within = np.flatnonzero(distance <= reach)
        if len(within):
            nearest = within[distance[within].argmin()]
            found[nearest] = max(found[nearest], mark.confidence)
        else:
            false.append(mark.confidence)
    return ImageMarks(found, np.asarray(false, dtype=np.float64))


def curve(images: Sequence[ImageMarks]) -> list[Operating]:
    """The curve from the strictest point to the one that shows every mark. Sensitivity never falls along it."""
    found = np.concatenate([image.found for image in images])
    false = np.concatenate([image.false for image in images])
    levels = np.unique(np.concatenate([found[np.isfinite(found)], false]))[::-1]
    up = np.sort(found)
    down = np.sort(false)
    points = []
    for level in levels:
        hits = len(up) - int(np.searchsorted(up, level, side="left"))
        wrong = len(down) - int(np.searchsorted(down, level, side="left"))
        points.append(Operating(float(level), hits / max(len(found), 1), wrong / len(images)))
    return points


def sensitivity_at(images: Sequence[ImageMarks], rate: float) -> float:
    """The highest sensitivity with at most ``rate`` false positives for each image."""
    return sensitivities(images, (rate,))[0]


def competition_metric(images: Sequence[ImageMarks]) -> float:
    """The mean sensitivity at ``RATES``."""
    return float(np.mean(sensitivities(images, RATES)))


def sensitivities(images: Sequence[ImageMarks], rates: Sequence[float]) -> list[float]:
    """:func:`sensitivity_at` for several rates."""
    found = np.concatenate([image.found for image in images])
    false = np.sort(np.concatenate([image.false for image in images]))[::-1]
    values = []
    for rate in rates:
        allowed = int((rate + 1e-9) * len(images))
        # One more false mark than allowed is shown from this confidence on.
        over = false[allowed] if allowed < len(false) else -np.inf
        values.append(float((found > over).sum()) / max(len(found), 1))
    return values


def operating_point(images: Sequence[ImageMarks], rate: float) -> Operating:
    """The most sensitive point with at most ``rate`` false positives for each image; of equals the strictest."""
    allowed = [p for p in curve(images) if p.false_positives <= rate + 1e-9]
    return max(allowed, key=lambda p: (p.sensitivity, p.confidence), default=Operating(1.0, 0.0, 0.0))


def intervals(
    images: Sequence[ImageMarks],
    rates: Sequence[float],
    rng: np.random.Generator,
    draws: int = 1000,
    patients: Sequence[str] | None = None,
) -> list[tuple[float, float]]:
    """95 % bootstrap intervals of the sensitivities, and last of their mean.

    Args:
        images: of which resamples are drawn, with all they hold.
        rates: false positives for each image.
        rng: draws the resamples.
        draws: how many.
        patients: whose image each is; images of one patient stay together. None: every image is another patient's.
    """
    rows = []
    for chosen in resamples(patients or [str(n) for n in range(len(images))], rng, draws):
        values = sensitivities([images[i] for i in chosen], rates)
        rows.append([*values, float(np.mean(values))])
    low, high = np.quantile(np.array(rows), [0.025, 0.975], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]

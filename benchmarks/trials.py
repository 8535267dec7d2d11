"""What is asked of every method: each lesion with its exact click and size, and with errors in either."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from benchmarks.real_cases import RealCase
from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume

EXACT = "exact"
JITTERED = ("jitter 1", "jitter 2", "jitter 3")
SMALL, LARGE = "size x 0.8", "size x 1.2"
RECUT = "re-cut"
VARIANTS = (EXACT, *JITTERED, SMALL, LARGE, RECUT)
SEED = 2

_JITTER = 0.3
_TRIES = 1000
_MARGIN_MM = (5.0, 30.0)
#: Scores of other trials than these are stale.
DRAWN = f"seed {SEED}, jitter {_JITTER}, edges {_MARGIN_MM[0]:.0f} to {_MARGIN_MM[1]:.0f} mm"


@dataclass(frozen=True, eq=False)
class Trial:
    """One question: a lesion, and the click (RAS mm) and size (mm) that a method is given."""

    variant: str
    case: RealCase
    image: Volume
    truth: Volume
    point_mm: Point
    size_mm: float


def trials_of(case: RealCase, seed: int = SEED) -> list[Trial]:
    """Every variant of one lesion; the draws depend on the seed and the lesion's name alone."""
    rng = np.random.default_rng([seed, zlib.crc32(case.name.encode())])

    def trial(variant: str, point_mm: Point, size: float) -> Trial:
        return Trial(variant, case, case.image, case.truth, point_mm, size * case.size_mm)

    jittered = [trial(name, _jitter(case, rng), 1.0) for name in JITTERED]
    return [
        trial(EXACT, case.point_mm, 1.0),
        *jittered,
        trial(SMALL, case.point_mm, 0.8),
        trial(LARGE, case.point_mm, 1.2),
        _recut(case, rng),
    ]


def _jitter(case: RealCase, rng: np.random.Generator) -> Point:
    """A point, uniform in the ball of 0.3 x half the size round the click, that lies in the lesion."""
    geometry = case.truth.geometry
    for _ in range(_TRIES):
        step = rng.uniform(-1, 1, 3)
        if np.linalg.norm(step) > 1:
            continue
        r, a, s = np.asarray(case.point_mm) + step * _JITTER * case.size_mm / 2
        point: Point = (float(r), float(a), float(s))
        if geometry.contains(point):
            index = np.clip(np.rint(geometry.ras_to_index(point)).astype(int), 0, np.asarray(geometry.shape) - 1)
            if case.truth.array[tuple(index)]:
                return point
    return case.point_mm


def _recut(case: RealCase, rng: np.random.Generator) -> Trial:
    """The volume cut anew, 5 to 30 mm beyond the lesion, at random on each of its six sides.

    The sarcoma volumes end about 30 mm beyond the lesion on every side, so their edges tell where it lies. A method
    that reads the edges instead of the picture loses here.
    """
    inside = np.argwhere(case.truth.array)
    margin = rng.uniform(*_MARGIN_MM, size=(2, 3)) / np.asarray(case.image.geometry.spacing_mm)
    low = np.maximum(inside.min(axis=0) - np.rint(margin[0]).astype(int), 0)
    high = np.minimum(inside.max(axis=0) + np.rint(margin[1]).astype(int) + 1, case.truth.array.shape)
    start: Index = (int(low[0]), int(low[1]), int(low[2]))
    shape: Index = (int(high[0] - low[0]), int(high[1] - low[1]), int(high[2] - low[2]))
    image, truth = case.image.crop(start, shape), case.truth.crop(start, shape)
    return Trial(RECUT, case, image, truth, case.point_mm, case.size_mm)

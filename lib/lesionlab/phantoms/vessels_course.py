"""One winding vessel at a time: its tube, and the bends of it where aneurysms may grow."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Cone, tube

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Origin:
    """A place where aneurysms grow: on the wall, the outward direction, the parent's radius, and how often they do."""

    point_mm: Point
    outward: Point
    radius_mm: float
    weight: float


@dataclass
class Growing:
    """What has grown so far."""

    cones: list[tuple[Cone, float]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)


def vessel(
    rng: np.random.Generator,
    out: Growing,
    points: Sequence[tuple[float, float, float]],
    radii: Sequence[float],
    waves: float,
    signal: float = 1.0,
) -> Points:
    """A winding tube through the points; returns its course. Bends become places for aneurysms."""
    course = _winding(rng, np.asarray(points, dtype=float), waves)
    at = np.linspace(0, len(radii) - 1, len(course))
    calibre = np.interp(at, np.arange(len(radii)), radii) * (1 + 0.06 * np.cumsum(rng.normal(0, 0.4, len(course))))
    calibre = np.clip(calibre, 0.6 * min(radii), 1.25 * max(radii))
    out.cones += [(cone, signal) for cone in tube([as_point(p) for p in course], [float(c) for c in calibre], steps=3)]
    for n in range(1, len(course) - 1):
        before, after = course[n] - course[n - 1], course[n + 1] - course[n]
        outward = before / np.linalg.norm(before) - after / np.linalg.norm(after)
        bend = float(np.linalg.norm(outward))
        if bend > 0.6 and calibre[n] > 0.7 and signal > 0.8:
            outward = outward / bend
            out.origins.append(
                Origin(as_point(course[n] + outward * calibre[n] * 0.7), as_point(outward), float(calibre[n]), 0.25)
            )
    return course


def _winding(rng: np.random.Generator, points: Points, waves: float) -> Points:
    """More points on the way, moved aside: now and then far enough for a loop or a kink."""
    course = [points[0]]
    for start, end in itertools.pairwise(points):
        length = float(np.linalg.norm(end - start))
        steps = max(1, round(length / 5))
        for n in range(1, steps + 1):
            step = start + (end - start) * n / steps
            if n < steps:
                far = 2.6 if rng.random() < 0.06 else 1.0
                step = step + rng.normal(0, 0.22 * waves * far * min(length / steps, 5), 3)
            course.append(step)
    return np.asarray(course)


def as_point(values: Points) -> Point:
    """Three numbers as a point."""
    r, a, s = (float(v) for v in values)
    return r, a, s

"""Calcium on a simulated mammogram: clusters of microcalcifications, and what looks like them and is none.

A cluster is five or more specks within about a centimetre (American College of Radiology, BI-RADS). Single specks, calcified walls
of vessels and dust on the film are no clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
_FEWEST = 5
#: Single specks keep so many pixels from each other and from clusters, so that they form none.
_APART = 28.0


@dataclass(frozen=True)
class Cluster:
    """A cluster to make: longest diameter in pixels, how many specks, and how much brighter they are than what is around."""

    size: float
    count: int
    contrast: float


@dataclass(frozen=True)
class ClusterFinding:
    """A cluster as it came out: centre (x to the right, y down), and longest diameter in pixels of what its specks cover."""

    x: float
    y: float
    size: float


def add_clusters(
    rng: np.random.Generator, level: Field, depth: Field, clusters: Sequence[Cluster]
) -> tuple[ClusterFinding, ...]:
    """Add clusters to ``level`` where the tissue is deep enough; those that find no room are left out."""
    found: list[ClusterFinding] = []
    for cluster in clusters:
        made = _cluster(rng, level, depth, cluster, found)
        if made is not None:
            found.append(made)
    return tuple(found)


def add_specks(
    rng: np.random.Generator, level: Field, depth: Field, clusters: Sequence[ClusterFinding], contrast: float = 60.0
) -> None:
    """Add what is no cluster: up to ten single specks far from each other, and at times a vessel with calcified walls."""
    taken = [(c.y, c.x, c.size / 2) for c in clusters]
    for _ in range(int(rng.integers(0, 11))):
        y, x = _place(rng, depth, 8.0)
        if all(np.hypot(y - a, x - b) > _APART + reach for a, b, reach in taken):
            _speck(level, y, x, float(rng.uniform(0.3, 1.0)) * contrast, float(rng.uniform(0.5, 1.6)))
            taken.append((y, x, 0.0))
    if rng.random() < 0.25:
        _vessel(rng, level, depth, contrast, taken)


def dust(rng: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Sharp bright pixels on the film, at times several together."""
    out = np.zeros(shape, dtype=np.float32)
    for _ in range(int(rng.integers(0, 6))):
        y, x = int(rng.integers(2, shape[0] - 2)), int(rng.integers(2, shape[1] - 2))
        out[y, x : x + int(rng.integers(1, 3))] = float(rng.uniform(30, 120))
    return out


def _cluster(
    rng: np.random.Generator, level: Field, depth: Field, cluster: Cluster, others: Sequence[ClusterFinding]
) -> ClusterFinding | None:
    for _ in range(20):
        y, x = _place(rng, depth, cluster.size / 2 + 4)
        apart = all(np.hypot(y - o.y, x - o.x) > (cluster.size + o.size) / 2 + _APART for o in others)
        if apart and _whole(depth, y, x, cluster.size / 2):
            break
    else:
        return None
    angle, flat = rng.uniform(0, np.pi), rng.uniform(0.4, 1.0)
    count = max(cluster.count, _FEWEST)
    # Denser towards the middle; the outermost two span the size.
    reach = cluster.size / 2 * np.concatenate([[1.0, 1.0], np.sqrt(rng.random(count - 2)) * 0.95])
    around = np.concatenate([[0.0, np.pi], rng.uniform(0, 2 * np.pi, count - 2)])
    u, v = reach * np.cos(around), reach * np.sin(around) * flat
    ys, xs = y + u * np.sin(angle) + v * np.cos(angle), x + u * np.cos(angle) - v * np.sin(angle)
    for a, b in zip(ys, xs, strict=True):
        strength = cluster.contrast * float(np.exp(rng.normal(0, 0.35)))
        _speck(level, float(a), float(b), strength, float(rng.uniform(0.5, 1.1)))
    return ClusterFinding(float(x), float(y), cluster.size)


def _vessel(
    rng: np.random.Generator, level: Field, depth: Field, contrast: float, taken: Sequence[tuple[float, float, float]]
) -> None:
    """Two broken parallel lines along a winding course."""
    y, x = _place(rng, depth, 20.0)
    angle, turn, width = rng.uniform(0, 2 * np.pi), 0.0, rng.uniform(1.5, 3.0)
    for _ in range(int(rng.integers(30, 90))):
        turn = 0.9 * turn + rng.normal(0, 0.02)
        angle += turn
        y, x = y + 1.5 * np.sin(angle), x + 1.5 * np.cos(angle)
        if not _inside(depth, y, x) or any(np.hypot(y - a, x - b) < 15 + reach for a, b, reach in taken if reach):
            return
        for side in (-width, width):
            if rng.random() < 0.55:
                place = (y + side * np.cos(angle), x - side * np.sin(angle))
                _speck(level, *place, float(rng.uniform(0.2, 0.7)) * contrast, 0.7)


def _place(rng: np.random.Generator, depth: Field, least: float) -> tuple[float, float]:
    """A pixel at least so deep below the skin, or as deep as there is."""
    y, x = np.nonzero(depth > min(least, 0.9 * float(depth.max())))
    at = int(rng.integers(len(y)))
    return float(y[at]), float(x[at])


def _whole(depth: Field, y: float, x: float, reach: float) -> bool:
    """Whether a disc lies in the breast, and not beyond the chest wall, where the picture ends."""
    around = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return all(_inside(depth, y + reach * np.sin(a), x + reach * np.cos(a)) for a in around)


def _inside(depth: Field, y: float, x: float) -> bool:
    high, wide = depth.shape
    return bool(0 <= y < high and 0 <= x < wide and depth[int(y), int(x)] > 4)


def _speck(level: Field, y: float, x: float, strength: float, sigma: float) -> None:
    """A bright spot of a Gaussian's form; what lies outside the picture is lost."""
    top, left = int(y) - 4, int(x) - 4
    rows = np.arange(max(top, 0), min(top + 9, level.shape[0]))
    columns = np.arange(max(left, 0), min(left + 9, level.shape[1]))
    square = (rows[:, None] - y) ** 2 + (columns[None, :] - x) ** 2
    level[np.ix_(rows, columns)] += np.asarray(strength * np.exp(-square / (2 * sigma**2)), dtype=np.float32)

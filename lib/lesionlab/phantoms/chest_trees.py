"""Vessels and airways of the lungs: trees that grow from the hilum until every part of a lobe is fed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Axes, Cone
from lesionlab.phantoms.chest_body import Fields
from lesionlab.phantoms.chest_organs import AIRWAY_HILUM, ARTERY_HILUM, VEIN_HILUM

Points = NDArray[np.float64]
#: Between Murray's law (3) and equal area (2), as measured in lungs.
_BRANCHING = 2.55
_LEAF_RADIUS_MM = 0.45


@dataclass(frozen=True)
class Trees:
    """Segments from thick to thin."""

    vessels: tuple[Cone, ...]
    bronchi: tuple[Cone, ...]


def grow_trees(fields: Fields, axes: Axes, leaves: int, rng: np.random.Generator) -> Trees:
    """Arteries, veins and bronchi of both lungs, with ``leaves`` ends of arteries in all."""
    vessels: list[Cone] = []
    bronchi: list[Cone] = []
    free = (fields.lung < -3.5) & (fields.fissure > 3)
    total = int(free.sum())
    for lobe in range(5):
        where = np.argwhere(free & (fields.lobe == lobe))
        side = 0 if lobe < 3 else 1
        count = max(8, round(leaves * len(where) / max(total, 1)))
        for hilum, share in ((ARTERY_HILUM[side], 1.0), (VEIN_HILUM[side], 0.7)):
            ends = _ends(where, axes, int(count * share), rng)
            if len(ends) > 1:
                _grow(np.asarray(hilum), None, ends, _LEAF_RADIUS_MM, vessels, rng)
        ends = _ends(where, axes, max(6, count // 14), rng)
        if len(ends) > 1:
            _grow(np.asarray(AIRWAY_HILUM[side]), None, ends, 0.62, bronchi, rng)
    vessels.sort(key=lambda part: -part.start_radius_mm)
    return Trees(tuple(vessels), tuple(bronchi))


def _ends(where: NDArray[np.int_], axes: Axes, count: int, rng: np.random.Generator) -> Points:
    """Points spread over a lobe, RAS mm."""
    if len(where) < 2:
        return np.zeros((0, 3))
    chosen = where[rng.choice(len(where), min(count, len(where)), replace=False)]
    k, j, i = chosen.T
    points = np.stack([axes.r[0, 0, i], axes.a[0, j, 0], axes.s[k, 0, 0]], axis=1)
    return np.asarray(points + rng.uniform(-2.5, 2.5, points.shape))


def _grow(
    start: Points, heading: Points | None, ends: Points, leaf_mm: float, out: list[Cone], rng: np.random.Generator
) -> None:
    """One branch towards the middle of ``ends``, then two that share them."""
    radius = leaf_mm * len(ends) ** (1 / _BRANCHING)
    way = ends.mean(axis=0) - start
    length = float(np.linalg.norm(way))
    if len(ends) == 1:
        _curve(start, heading, ends[0], radius, leaf_mm * 0.6, out)
        return
    part = rng.uniform(0.3, 0.5) if len(ends) > 4 else rng.uniform(0.45, 0.65)
    fork = start + way * part + rng.normal(0, 0.05 * length, 3)
    direction = _curve(start, heading, fork, radius, radius * 0.93, out)
    offsets = ends - fork
    spread = offsets - offsets.mean(axis=0)
    _, _, rows = np.linalg.svd(spread, full_matrices=False)
    along = spread @ rows[0]
    cut = float(np.quantile(along, rng.uniform(0.3, 0.7)))
    left = along <= cut
    if left.all() or not left.any():
        left = np.arange(len(ends)) < len(ends) // 2
    _grow(fork, direction, ends[left], leaf_mm, out, rng)
    _grow(fork, direction, ends[~left], leaf_mm, out, rng)


def _curve(
    start: Points, heading: Points | None, end: Points, radius: float, end_radius: float, out: list[Cone]
) -> Points:
    """A branch that leaves in the direction of its parent; returns its own direction at the end."""
    way = end - start
    length = float(np.linalg.norm(way)) + 1e-6
    control = (start + end) / 2 if heading is None else start + heading * 0.35 * length
    steps = 1 if length < 4 else (2 if length < 10 else 4)
    at = np.linspace(0, 1, steps + 1)[:, None]
    path = (1 - at) ** 2 * start + 2 * at * (1 - at) * control + at**2 * end
    radii = np.linspace(radius, end_radius, steps + 1)
    for p, q, r, t in zip(path[:-1], path[1:], radii[:-1], radii[1:], strict=True):
        out.append(Cone(_point(p), _point(q), float(r), float(t)))
    last = end - control
    return np.asarray(last / (np.linalg.norm(last) + 1e-9))


def _point(values: Points) -> Point:
    r, a, s = (float(v) for v in values)
    return r, a, s

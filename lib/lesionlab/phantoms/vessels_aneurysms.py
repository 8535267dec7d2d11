"""Saccular aneurysms: where they grow, how they are shaped, and what fills them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Axes, Box, Canvas, Cone, Ellipsoid, Field
from lesionlab.phantoms.vessels_course import Origin

#: A sac of which more lies within its parent is moved outwards.
_MOST_SWALLOWED = 0.3


@dataclass(frozen=True)
class Aneurysm:
    """An aneurysm to make: longest diameter of its sac in mm, blebs on it, and the share of the sac that is thrombosed."""

    size_mm: float
    blebs: int = 0
    thrombosed: float = 0.0


def choose_origin(
    rng: np.random.Generator, origins: tuple[Origin, ...], axes: Axes, aneurysm: Aneurysm, taken: list[Point]
) -> Origin | None:
    """An origin in the image and off the other aneurysms, the usual ones more often; None without room."""
    margin = aneurysm.size_mm + 3
    fit = [
        o
        for o in origins
        if all(
            float(x.min()) + margin < c < float(x.max()) - margin
            for x, c in zip((axes.r, axes.a, axes.s), o.point_mm, strict=True)
        )
        and o.radius_mm > 0.12 * aneurysm.size_mm
        and all(np.linalg.norm(np.subtract(o.point_mm, t)) > 18 for t in taken)
    ]
    if not fit:
        return None
    weights = np.array([o.weight for o in fit])
    chosen = fit[int(rng.choice(len(fit), p=weights / weights.sum()))]
    taken.append(chosen.point_mm)
    return chosen


def paint_aneurysm(
    canvas: Canvas, origin: Origin, aneurysm: Aneurysm, rng: np.random.Generator
) -> tuple[Box, NDArray[np.bool_]] | None:
    """Paint one over the vessels' signal; returns its box and which voxels it has beyond the vessels, or None outside."""
    out = np.asarray(origin.outward) + rng.normal(0, 0.25, 3)
    out /= np.linalg.norm(out)
    long, short = aneurysm.size_mm / 2, aneurysm.size_mm / 2 * float(rng.uniform(0.72, 1.0))
    rows, _ = np.linalg.qr(np.stack([out, *rng.normal(size=(2, 3))], axis=1))
    height = long if rng.random() < 0.6 else short
    halves = (height, long if height == short else short, short * float(rng.uniform(0.9, 1.0)))
    first, second, third = (_point(rows[:, n]) for n in range(3))
    center = np.asarray(origin.point_mm) + out * (height * float(rng.uniform(0.75, 1.0)))
    for _ in range(6):
        sac = Ellipsoid(_point(center), halves, (first, second, third))
        if _swallowed(canvas, sac) < _MOST_SWALLOWED:
            break
        center = center + out * (0.25 * height)
    box = canvas.axes.within(*sac.bounds(2 + 0.5 * aneurysm.size_mm))
    if box is None:
        return None
    part = canvas.axes.part(box)
    neck = max(0.5, min(origin.radius_mm, short) * float(rng.uniform(0.5, 0.9)))
    distance = np.minimum(sac.distance(part), Cone(origin.point_mm, _point(center), neck, neck).distance(part))
    for _ in range(aneurysm.blebs):
        way = out + rng.normal(0, 0.7, 3)
        place = center + way / np.linalg.norm(way) * height * 0.9
        size = aneurysm.size_mm * float(rng.uniform(0.14, 0.22))
        distance = np.minimum(distance, Ellipsoid(_point(place), (size, size, size)).distance(part))
    vessel = canvas.hu[box] >= 0.5
    lumen, wall = _filling(part, distance, aneurysm, center, out, rng)
    cover = canvas.cover(distance)
    painted = (
        canvas.cover(np.maximum(distance, lumen)) * wall[1]
        + (cover - canvas.cover(np.maximum(distance, lumen))) * wall[0]
    )
    # Clot hides nothing of the parent vessel.
    np.maximum(canvas.hu[box], painted, out=canvas.hu[box])
    return box, np.asarray((cover >= 0.5) & ~vessel)


def _swallowed(canvas: Canvas, sac: Ellipsoid) -> float:
    """The share of a sac that lies within vessels."""
    box = canvas.axes.within(*sac.bounds(0))
    if box is None:
        return 0.0
    inside = sac.distance(canvas.axes.part(box)) < 0
    return float((canvas.hu[box][inside] >= 0.5).mean()) if inside.any() else 0.0


def _filling(
    part: Axes,
    distance: Field,
    aneurysm: Aneurysm,
    center: NDArray[np.float64],
    out: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[Field, tuple[float, Field]]:
    """Signed distance to the clot's border (negative: flowing blood), and the signal of clot and of blood.

    Blood swirls slowly in large sacs, and loses signal away from the neck.
    """
    dr, da, ds = (x - np.float32(c) for x, c in zip((part.r, part.a, part.s), center, strict=True))
    along = (dr * out[0] + da * out[1] + ds * out[2]) / (aneurysm.size_mm / 2)
    slow = float(rng.uniform(0.0, 0.25)) * min(1.0, aneurysm.size_mm / 9)
    blood = np.clip(1.0 - slow * (1 + along), 0.45, 1).astype(np.float32)
    border = np.full(distance.shape, -1e3, dtype=np.float32)
    if aneurysm.thrombosed > 0:
        # Clot fills the dome down to this height.
        level = 1 - 2 * aneurysm.thrombosed
        border = ((along - level) * (aneurysm.size_mm / 2)).astype(np.float32)
    return border, (float(rng.uniform(0.3, 0.5)), blood)


def _point(values: NDArray[np.float64]) -> Point:
    r, a, s = (float(v) for v in values)
    return r, a, s

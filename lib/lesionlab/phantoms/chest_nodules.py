"""Lung nodules with known truth: what they are made of, how they are shaped, and where they sit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Cone, Field
from lesionlab.phantoms.chest_body import Fields
from lesionlab.phantoms.chest_trees import Trees

Kind = Literal["solid", "part-solid", "ground-glass"]
Form = Literal["smooth", "lobulated", "spiculated"]
Site = Literal["free", "vessel", "pleura", "hilum"]


@dataclass(frozen=True)
class Nodule:
    """A nodule to make: longest diameter aimed at (mm), substance, outline and what it touches."""

    size_mm: float
    kind: Kind = "solid"
    form: Form = "smooth"
    site: Site = "free"


NODULES: tuple[Nodule, ...] = (
    Nodule(24, "solid", "lobulated", "vessel"),
    Nodule(30, "solid", "spiculated", "pleura"),
    Nodule(18, "part-solid", "lobulated", "vessel"),
    Nodule(14, "solid", "lobulated", "pleura"),
    Nodule(16, "ground-glass", "lobulated", "free"),
    Nodule(20, "solid", "spiculated", "hilum"),
    Nodule(10, "solid", "smooth", "vessel"),
    Nodule(8, "solid", "lobulated", "pleura"),
    Nodule(6, "solid", "smooth", "free"),
    Nodule(4.5, "solid", "smooth", "vessel"),
)


def place(
    nodule: Nodule, fields: Fields, axes: Axes, trees: Trees, taken: list[Cone], rng: np.random.Generator
) -> Point | None:
    """A centre for it, off the other nodules: RAS mm; where its site has no room, one in free lung, or else None.

    ``fields`` lie on the lattice ``axes``.
    """
    radius = nodule.size_mm / 2
    if nodule.site == "vessel":
        wanted = [v for v in trees.vessels if 1.1 < v.end_radius_mm < 2.6] or list(trees.vessels)
        points = np.asarray([v.end_mm for v in wanted]) + rng.normal(0, 0.35 * radius, (len(wanted), 3))
        points = points[_sample(fields.lung, axes, points) < -0.9 * radius - 2]
    else:
        depth = -fields.lung
        if nodule.site == "pleura":
            # Only the chest wall, not the mediastinum or the diaphragm.
            fit = (np.abs(depth - 0.55 * radius) < 2.5) & (fields.cavity > fields.lung - 4) & (fields.abdomen > 15)
        elif nodule.site == "hilum":
            fit = (np.abs(depth - 0.7 * radius) < 3) & (fields.cavity < -25) & (fields.abdomen > 30)
        else:
            fit = (depth > radius + 6) & (fields.fissure > radius * 0.6)
        k, j, i = np.nonzero(fit)
        points = np.stack([axes.r[0, 0, i], axes.a[0, j, 0], axes.s[k, 0, 0]], axis=1)
    for point in points[rng.permutation(len(points))]:
        apart = [np.linalg.norm(point - np.asarray(t.start_mm)) - t.start_radius_mm - radius for t in taken]
        if not apart or min(apart) > 8:
            r, a, s = (float(x) for x in point)
            taken.append(Cone((r, a, s), (r, a, s), radius, radius))
            return r, a, s
    if nodule.site == "free":
        return None
    return place(replace(nodule, site="free"), fields, axes, trees, taken, rng)


def _sample(values: Field, axes: Axes, points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Field:
    """Values at the nearest voxels."""
    index = []
    for column, line in zip((2, 1, 0), (axes.s[:, 0, 0], axes.a[0, :, 0], axes.r[0, 0]), strict=True):
        at = (points[:, column] - line[0]) / (line[1] - line[0])
        index.append(np.clip(np.rint(at).astype(int), 0, len(line) - 1))
    return np.asarray(values[tuple(index)])


def paint_nodule(
    canvas: Canvas, coarse: Coarse, lung: Field, nodule: Nodule, center_mm: Point, rng: np.random.Generator
) -> tuple[tuple[slice, slice, slice], Field] | None:
    """Paint one; returns its box and how much of each voxel it covers, or None when it lies outside."""
    reach = nodule.size_mm * 0.9 + 3
    low, high = _offset(center_mm, -reach), _offset(center_mm, reach)
    box = canvas.axes.within(low, high)
    if box is None:
        return None
    part = canvas.axes.part(box)
    distance = _outline(nodule, center_mm, part, rng)
    inside_lung = canvas.cover(coarse.upsample(lung, box) - 0.4)
    cover = np.minimum(canvas.cover(distance), inside_lung)
    hu = canvas.hu[box]
    grain = _bumps(part, 0.25 * nodule.size_mm, rng)
    if nodule.kind == "solid":
        solid = 38.0 + float(rng.uniform(-15, 30)) + 18 * grain
        hu += cover * (np.maximum(solid, hu * 0.25 + solid * 0.75) - hu)
        return box, cover
    # Ground glass lets vessels show through; its border is soft.
    veil = np.clip(0.5 - distance / max(1.6, 0.12 * nodule.size_mm), 0, 1) * inside_lung
    hu += veil * np.clip((330.0 + 90 * grain), 150, 480) * np.clip((-hu) / 850, 0, 1)
    if nodule.kind == "part-solid":
        core = canvas.cover(distance + nodule.size_mm * (0.2 + 0.06 * grain))
        hu += core * inside_lung * (25.0 - hu)
    return box, cover


def _outline(nodule: Nodule, center_mm: Point, part: Axes, rng: np.random.Generator) -> Field:
    radius = nodule.size_mm / 2
    stretch = 1 + rng.uniform(-0.14, 0.14, 3)
    dr, da, ds = (x - np.float32(c) for x, c in zip((part.r, part.a, part.s), center_mm, strict=True))
    # Longest in the slice plane, so that the size is about the longest axial diameter.
    stretch /= max(stretch[0], stretch[1])
    length = np.sqrt((dr / stretch[0]) ** 2 + (da / stretch[1]) ** 2 + (ds / stretch[2]) ** 2)
    if nodule.form == "smooth":
        return np.asarray(length - radius * (0.95 + 0.06 * _bumps(part, 0.8 * radius, rng)), dtype=np.float32)
    bumps = _bumps(part, 0.9 * radius, rng) + 0.5 * _bumps(part, 0.45 * radius, rng)
    distance = length - radius * (0.84 + (0.14 if nodule.form == "lobulated" else 0.1) * bumps)
    if nodule.form == "spiculated":
        for _ in range(18):
            ray = rng.normal(size=3)
            ray /= np.linalg.norm(ray)
            start = _offset(center_mm, *(ray * radius * 0.7))
            end = _offset(center_mm, *(ray * radius * rng.uniform(1.1, 1.5)))
            distance = np.minimum(distance, Cone(start, end, 0.22 * radius, 0.4).distance(part))
    return np.asarray(distance, dtype=np.float32)


def _bumps(part: Axes, length_mm: float, rng: np.random.Generator) -> Field:
    """Smooth noise of about unit spread with bumps of about ``length_mm``: a few waves in random directions."""
    total: Field | None = None
    for _ in range(9):
        wave = rng.normal(size=3) * (2.3 / length_mm)
        phase = part.r * np.float32(wave[0]) + part.a * np.float32(wave[1]) + part.s * np.float32(wave[2])
        value = np.sin(phase + np.float32(rng.uniform(0, 2 * np.pi)))
        total = value if total is None else total + value
    assert total is not None
    return np.asarray(total / np.float32(np.sqrt(4.5)))


def _offset(point: Point, r: float, a: float | None = None, s: float | None = None) -> Point:
    return point[0] + r, point[1] + (r if a is None else a), point[2] + (r if s is None else s)

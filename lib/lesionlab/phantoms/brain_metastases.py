"""Brain metastases: where they sit, how they enhance, and the oedema around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.phantoms.brain_tissue import CORTEX_MM, Brain, Levels, waves
from lesionlab.phantoms.canvas import Axes, Box, Canvas, Field

Form = Literal["solid", "ring"]


@dataclass(frozen=True)
class Metastasis:
    """A metastasis to make: longest diameter in mm, its form, signal against enhancing blood, and the width of oedema in mm."""

    size_mm: float
    form: Form = "solid"
    signal: float = 0.85
    oedema_mm: float = 0.0


def place_metastasis(
    rng: np.random.Generator, brain: Brain, axes: Axes, metastasis: Metastasis, taken: list[tuple[Point, float]]
) -> Point | None:
    """A place in the brain, at the junction of grey and white matter more often than not; None without room."""
    radius = metastasis.size_mm / 2
    inside = (brain.depth > 0.6 * radius + 1) & (brain.ventricle > 0.4 * radius + 1)
    inside &= (brain.base > 0.6 * radius + 2) & (axes.s > -52)
    if rng.random() < 0.7:
        chosen = inside & (np.abs(brain.fold - CORTEX_MM) < 0.7)
    else:
        chosen = inside & (brain.fold > CORTEX_MM)
    places = np.flatnonzero(chosen)
    for at in rng.permutation(len(places))[:30]:
        k, j, i = np.unravel_index(places[at], brain.depth.shape)
        point = (float(axes.r[0, 0, i]), float(axes.a[0, j, 0]), float(axes.s[k, 0, 0]))
        if all(np.linalg.norm(np.subtract(point, p)) > radius + r + 4 for p, r in taken):
            taken.append((point, radius))
            return point
    return None


def paint_metastasis(
    canvas: Canvas, metastasis: Metastasis, center_mm: Point, levels: Levels, rng: np.random.Generator
) -> tuple[Box, NDArray[np.bool_]] | None:
    """Paint one; returns its box and its voxels, the core of a ring included, or None outside the image."""
    reach = metastasis.size_mm * 0.6 + 3 + 1.6 * metastasis.oedema_mm
    low, high = (tuple(c + sign * reach for c in center_mm) for sign in (-1, 1))
    box = canvas.axes.within((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    if box is None:
        return None
    part = canvas.axes.part(box)
    distance = _outline(metastasis, center_mm, part, rng)
    here = canvas.hu[box]
    if metastasis.oedema_mm > 0:
        _paint_oedema(here, part, distance, metastasis, levels, rng)
    cover = canvas.cover(distance)
    r, a, s = (np.asarray(x, dtype=np.float64) for x in np.broadcast_arrays(part.r, part.a, part.s))
    grain = 1 + 0.1 * waves(rng, r, a, s, max(4.0, 0.5 * metastasis.size_mm))
    here += cover * (np.float32(metastasis.signal) * grain - here)
    if metastasis.form == "ring":
        rim = max(1.2, metastasis.size_mm * float(rng.uniform(0.1, 0.22))) * (1 + 0.25 * (grain - 1) / 0.1)
        core = canvas.cover(distance + np.maximum(rim, 0.8))
        here += core * (np.float32(rng.uniform(0.2, 0.42)) - here)
    return box, np.asarray(cover >= 0.5)


def _outline(metastasis: Metastasis, center_mm: Point, part: Axes, rng: np.random.Generator) -> Field:
    """Signed distance to the border: an ellipsoid, longest in the slice plane, with bumps on the larger ones."""
    radius = metastasis.size_mm / 2
    dr, da, ds = (x - np.float32(c) for x, c in zip((part.r, part.a, part.s), center_mm, strict=True))
    turn = float(rng.uniform(0, np.pi))
    u, v = dr * np.cos(turn) + da * np.sin(turn), da * np.cos(turn) - dr * np.sin(turn)
    flat, tall = rng.uniform(0.72, 1.0, 2)
    length = np.sqrt(u**2 + (v / flat) ** 2 + (ds / tall) ** 2)
    bumps = np.zeros_like(length)
    for _ in range(6):
        wave = rng.normal(size=3) * 2.4 / radius
        bumps += np.sin(dr * wave[0] + da * wave[1] + ds * wave[2] + rng.uniform(0, 6.3))
    rough = 0.07 if metastasis.size_mm > 6 else 0.0
    return np.asarray(length - radius * (1 - rough / 2 + rough * bumps / np.sqrt(3.0)), dtype=np.float32)


def _paint_oedema(
    here: Field, part: Axes, distance: Field, metastasis: Metastasis, levels: Levels, rng: np.random.Generator
) -> None:
    """Darken white matter around it, in fingers."""
    r, a, s = (np.asarray(x, dtype=np.float64) for x in np.broadcast_arrays(part.r, part.a, part.s))
    border = metastasis.oedema_mm * (1 + 0.5 * waves(rng, r, a, s, 14.0))
    veil = np.clip((border - distance) / 3, 0, 1)
    white = np.clip((here - levels.grey) / (levels.white - levels.grey), 0, 1) * (here < levels.white * 1.15)
    here += np.asarray(veil * white * 0.75 * (levels.grey - here), dtype=np.float32)

"""A simulated region of a mammogram around an invasive cancer whose way of growing is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.mammogram import Film, power_law
from lesionlab.phantoms.picture import Field, Shape, logistic, waves
from lesionlab.phantoms.subtype_growth import Growth, Subtype, draw_growth, draw_in, grow

#: Pixels along each side.
EDGE = 500


@dataclass(frozen=True, eq=False)
class SubtypePhantom:
    """``image`` uint8 (y, x) and the tumour's core in it."""

    image: NDArray[np.uint8]
    core: NDArray[np.bool_]
    subtype: Subtype
    growth: Growth


def simulate_subtype(rng: np.random.Generator, subtype: Subtype, film: Film | None = None) -> SubtypePhantom:
    """One region of 500 x 500 pixels."""
    plane: Shape = (EDGE, EDGE)
    growing, breast, shooting = rng.spawn(3)
    growth = draw_growth(growing, subtype)
    size = float(np.exp(breast.uniform(np.log(80), np.log(170))))
    center = (float(breast.normal(250, 25)), float(breast.normal(250, 25)))
    contrast = 60 * float(np.exp(0.24 * growth.dense + breast.normal(0, 0.18)))
    tissue = _tissue(breast, plane)
    tissue = draw_in(growing, tissue, center, size, growth.drawing)
    shadow = grow(growing, plane, center, size, growth)
    depth = _skin(breast, plane, center, size)
    level = (tissue + contrast * shadow.added) * depth
    usual = Film(*(float(shooting.uniform(*span)) for span in ((0.85, 1.2), (1.5, 4.0), (0.6, 1.1))))
    return SubtypePhantom(_expose(shooting, level, film or usual), shadow.core & (depth > 0.5), subtype, growth)


def _tissue(rng: np.random.Generator, plane: Shape) -> Field:
    """Fat, glandular tissue in patches, and strands that run towards the nipple."""
    rough = power_law(rng, 3.0)[:EDGE, :EDGE]
    amount = float(rng.uniform(-1.2, 0.8))
    gland = logistic(1.8 * (1.1 * rough + amount)) * (0.8 + 0.2 * power_law(rng, 2.4)[:EDGE, :EDGE])
    lines = np.exp(-((waves(rng, plane, 16, wide=float(rng.uniform(3.5, 6))) / 0.07) ** 2))
    lines = lines * np.clip(0.3 + waves(rng, plane, 60), 0, 1.5)
    turned = ndimage.rotate(lines, float(rng.uniform(-60, 60)), reshape=False, order=1, mode="reflect")
    return np.asarray(42 + float(rng.uniform(28, 70)) * gland + float(rng.uniform(8, 24)) * turned, dtype=np.float32)


def _skin(rng: np.random.Generator, plane: Shape, center: tuple[float, float], size: float) -> Field:
    """Fades to the bare film beyond the skin, which crosses some regions."""
    if rng.random() < 0.55:
        return np.ones(plane, dtype=np.float32)
    y, x = np.mgrid[: plane[0], : plane[1]].astype(np.float32)
    angle = float(rng.uniform(0, 2 * np.pi))
    across = (x - center[1]) * np.cos(angle) + (y - center[0]) * np.sin(angle)
    along = (y - center[0]) * np.cos(angle) - (x - center[1]) * np.sin(angle)
    beyond = size * float(rng.uniform(0.75, 1.6)) + 20 - along**2 / 900 - across
    return np.asarray((1 - np.exp(-np.clip(beyond, 0, None) / 28)) * logistic(beyond / 1.5), dtype=np.float32)


def _expose(rng: np.random.Generator, level: Field, film: Film) -> NDArray[np.uint8]:
    blurred = ndimage.gaussian_filter(level, film.blur) * float(rng.uniform(0.85, 1.15))
    shown = 240 * (np.clip(blurred, 0, 230) / 230) ** film.gamma
    shown = shown + rng.standard_normal(shown.shape, dtype=np.float32) * np.float32(film.noise)
    picture = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(picture)

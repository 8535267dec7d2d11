"""A head on contrast-enhanced T1 MR: scalp, skull, brain and its folds, ventricles. Signals are relative to enhancing blood
(1); the origin lies in the middle of the brain, RAS mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Canvas, Coarse, Field

Array = NDArray[np.float64]
_WHOLE = (slice(None), slice(None), slice(None))
#: From the skin to the surface of the brain, and the thickness of cortex, mm.
BRAIN_MM, CORTEX_MM = 15.0, 3.2
#: Basal ganglia and thalami on the right: centres and half axes.
_NUCLEI: tuple[tuple[Point, Point], ...] = (
    ((12.0, -8.0, -2.0), (8.0, 13.0, 8.0)),
    ((24.0, 10.0, -4.0), (6.0, 15.0, 9.0)),
    ((13.0, 20.0, 3.0), (5.0, 9.0, 9.0)),
)


@dataclass(frozen=True)
class Levels:
    """Signal of tissues against enhancing blood (1)."""

    grey: float = 0.38
    white: float = 0.52
    fluid: float = 0.13
    fat: float = 0.95
    bone: float = 0.05
    muscle: float = 0.42
    blood: float = 1.0


@dataclass(frozen=True, eq=False)
class Head:
    """A canvas (k, j, i), and the head's coordinates and distance to the skin (negative inside) on a coarse lattice."""

    canvas: Canvas
    coarse: Coarse
    r: Array
    a: Array
    s: Array
    skin: Array
    size: Array

    @classmethod
    def draw(cls, canvas: Canvas, rng: np.random.Generator) -> Head:
        """A head of its own shape."""
        coarse = Coarse.over(canvas.axes, (2.5, 2.5, 2.5))
        axes = coarse.axes
        r, a, s = (np.asarray(x, dtype=np.float64) for x in np.broadcast_arrays(axes.r, axes.a, axes.s))
        size = rng.uniform(0.95, 1.04, 3)
        return cls(canvas, coarse, r, a, s, egg(r, a, s, size) + 0.8 * waves(rng, r, a, s, 30.0), size)

    def fine(self, values: Array | Field) -> Field:
        """Values of the coarse lattice on the canvas's."""
        return self.coarse.upsample(np.asarray(values, dtype=np.float32), _WHOLE)

    def paint(self, distance: Field, level: float) -> None:
        """Paint where a distance is negative."""
        self.canvas.hu[...] += self.canvas.cover(distance) * (np.float32(level) - self.canvas.hu)


@dataclass(frozen=True, eq=False)
class Brain:
    """On the canvas's lattice, mm: depth below the brain's surface (positive inside), distance to the nearest fold's fluid, to
    the ventricles and to the base of the skull.
    """

    depth: Field
    fold: Field
    ventricle: Field
    base: Field


def paint_brain(head: Head, levels: Levels, rng: np.random.Generator) -> Brain:
    """Scalp, skull, fluid, cortex, white matter, nuclei, ventricles, cerebellum, brain stem and the base of the skull."""
    r, a, s = head.r, head.a, head.s
    skin = head.fine(head.skin)
    head.paint(skin, levels.muscle)
    head.paint(np.maximum(skin + 1.5, -skin - np.float32(rng.uniform(4.5, 7))), levels.fat)
    head.paint(skin + 7.5, levels.bone)
    head.paint(np.maximum(skin + 9.0, -skin - 11), levels.fat * 0.5)  # marrow
    head.paint(skin + 13.0, levels.fluid)
    depth = -(skin + BRAIN_MM)
    fold = _folds(head, depth, rng)
    head.paint(np.maximum(-depth, 0.9 - fold), levels.grey)
    head.paint(np.maximum(CORTEX_MM - depth, CORTEX_MM - fold), levels.white)
    for center, half in _NUCLEI:
        nucleus = head.fine(ball(np.abs(r), a, s, center, half))
        head.paint(nucleus + 0.5, 0.6 * levels.grey + 0.4 * levels.white)
    _paint_cerebellum(head, levels, rng)
    ventricle = head.fine(_ventricles(rng, r, a, s))
    head.paint(ventricle, levels.fluid)
    head.paint(head.fine(np.maximum(ball(r, a, s, (0, -16, -46), (12, 10, 32)), head.skin + 8)), levels.white * 0.95)
    bumpy = waves(rng, r, a, s, 45.0)
    base = head.fine(np.maximum(np.maximum(head.skin + 7.5, -a - 22), s + 42 - 0.3 * (a - 10) + 3 * bumpy))
    texture = head.fine(waves(rng, r, a, s, 14.0))
    head.paint(base, levels.bone)
    head.paint(np.maximum(base + 3, texture * 6), levels.muscle)
    head.paint(np.maximum(base + 5, 4 + texture * 6), levels.fat * 0.8)
    return Brain(depth, fold, ventricle, base)


def _folds(head: Head, depth: Field, rng: np.random.Generator) -> Field:
    """Distance to the nearest fluid: of a sulcus, of the middle fissure, or over the brain's surface."""
    wave = head.fine(waves(rng, head.r, head.a, head.s, 21.0)) + 0.35 * head.fine(
        waves(rng, head.r, head.a, head.s, 11.0)
    )
    fold = np.abs(wave) * np.float32(4.2) + 0.15 * np.maximum(depth - 8, 0)
    fold = np.where(depth > 24, np.float32(30), fold)
    above = np.broadcast_to(head.canvas.axes.s > -12, fold.shape)
    middle = np.abs(np.broadcast_to(head.canvas.axes.r, fold.shape) + 0.8 * wave) + 0.08 * np.maximum(depth - 24, 0)
    fold = np.where(above, np.minimum(fold, middle), fold)
    return np.asarray(np.minimum(fold, np.maximum(depth, 0) + 0.8), dtype=np.float32)


def _paint_cerebellum(head: Head, levels: Levels, rng: np.random.Generator) -> None:
    """Below the tentorium, finely leaved."""
    r, a, s = head.r, head.a, head.s
    whole = np.minimum(ball(np.abs(r), a, s, (22, -48, -42), (30, 28, 20)), ball(r, a, s, (0, -50, -40), (12, 24, 20)))
    whole = np.maximum(whole, head.skin + BRAIN_MM + 1)
    inside = head.fine(whole)
    head.paint(inside - 2.5, levels.fluid)
    head.paint(inside, levels.grey)
    leaves = head.fine(waves(rng, r * 0.5, a * 0.6, s * 1.6, 9.0))
    head.paint(np.maximum(inside + 3, -leaves * 3), 0.6 * levels.white + 0.4 * levels.grey)
    head.paint(inside + 11, levels.white)


def _ventricles(rng: np.random.Generator, r: Array, a: Array, s: Array) -> Array:
    """Distance to lateral, third and fourth ventricles."""
    wide = float(rng.uniform(0.7, 1.5))
    bent = s - 12 + ((a + 4) / 32) ** 2 * 8
    across = (np.abs(r) - 6 - 0.12 * np.abs(a)) / (4.5 * wide)
    body = (np.sqrt(across**2 + (bent / 6) ** 2 + ((a + 4) / 34) ** 2) - 1) * 4
    atrium = ball(np.abs(r), a, s, (22, -36, 4), (6 * wide, 9, 9))
    third = ball(r, a, s, (0, -6, -6), (2.2 * wide, 13, 9))
    fourth = ball(r, a, s, (0, -34, -40), (6, 4, 8))
    return np.asarray(np.minimum(np.minimum(body, atrium), np.minimum(third, fourth)))


def egg(r: Array, a: Array, s: Array, size: Array) -> Array:
    """About the distance to the skin: wider behind, flat below."""
    wide = (76 + 4 * np.tanh(-a / 40)) * size[0]
    x, y, z = r / wide, (a + 6) / (97 * size[1]), s / (np.where(s > 0, 86, 105) * size[2])
    ratio = (np.abs(x) ** 2.2 + np.abs(y) ** 2.2 + np.abs(z) ** 2.2) ** (1 / 2.2) + 1e-3
    return np.asarray(np.sqrt(r**2 + (a + 6) ** 2 + s**2) * (1 - 1 / ratio))


def ball(r: Array, a: Array, s: Array, center: Point, half: Point) -> Array:
    """About the distance to an ellipsoid along the axes."""
    x, y, z = ((v - c) / h for v, c, h in zip((r, a, s), center, half, strict=True))
    return np.asarray((np.sqrt(x**2 + y**2 + z**2) - 1) * min(half))


def waves(rng: np.random.Generator, r: Array, a: Array, s: Array, length_mm: float) -> Field:
    """Smooth noise of about unit spread: waves of about ``length_mm`` in random directions."""
    total = np.zeros(r.shape)
    for _ in range(12):
        wave = rng.normal(size=3)
        wave *= 2 * np.pi / length_mm / np.linalg.norm(wave) * rng.uniform(0.7, 1.3)
        total += np.sin(r * wave[0] + a * wave[1] + s * wave[2] + rng.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(6.0), dtype=np.float32)

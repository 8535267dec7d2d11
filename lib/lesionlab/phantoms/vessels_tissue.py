"""What surrounds the vessels on an angiogram: brain, cisterns, skull base, air, fat and scalp, as relative signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Field

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """Signal of tissues against fast arterial blood (1)."""

    brain: float = 0.30
    fluid: float = 0.10
    bone: float = 0.06
    fat: float = 0.42
    muscle: float = 0.24


def paint_tissue(canvas: Canvas, turn: Array, levels: Levels, rng: np.random.Generator) -> None:
    """Fill the canvas; ``turn`` is the head's rotation."""
    coarse = Coarse.over(canvas.axes, (2.0, 2.0, 2.0))
    r, a, s = _straight(coarse.axes, turn)
    folds = [_folds(rng, r, a, s, length) for length in (6.0, 10.0, 22.0)]
    width, depth = float(rng.uniform(64, 71)), float(rng.uniform(82, 90))
    oval = _oval(r, (a + 14), width, depth)
    box = (slice(None), slice(None), slice(None))

    def over(distance: Array | Field, level: float, grain: Field | None = None) -> None:
        cover = canvas.cover(coarse.upsample(np.asarray(distance, dtype=np.float32), box))
        value = np.float32(level) if grain is None else np.float32(level) * grain
        canvas.hu[...] += cover * (value - canvas.hu)

    grain = 1 + 0.06 * coarse.upsample(folds[1], box)
    over(oval, levels.muscle)
    over(np.maximum(oval + 1.5, -oval - 4.5 - folds[2]), levels.fat)
    over(oval + 7.5, levels.bone)
    over(np.maximum(oval + 9, -oval - 11), levels.fat * 0.55)  # marrow
    over(oval + 12.5, levels.fluid)
    over(oval + 14.0 + 1.4 * np.maximum(folds[0], 0), levels.brain, grain)
    sulci = np.maximum(np.abs(folds[1] + 0.5 * folds[0]) * 6 - 1.5, -(oval + 30))
    sulci = np.maximum(sulci, oval + 13.5)
    over(sulci, levels.fluid * 1.3)
    for distance in _cisterns(r, a, s, folds[2]):
        over(distance, levels.fluid)
    stem = (np.sqrt((r / 14) ** 2 + ((a + 22) / 11) ** 2 + ((s + 10) / 30) ** 2) - 1) * 11
    over(stem + 0.5 * folds[1], levels.brain * 1.05, grain)
    base = np.maximum(s + 15 + 0.22 * np.abs(r) - 0.12 * a + 1.5 * folds[2], -(a + 22))
    base = np.maximum(base, oval + 8)
    over(base, levels.bone)
    over(np.maximum(base + 2.5, np.abs(r) - 11 - 2 * folds[1]), levels.fat * float(rng.uniform(0.4, 0.9)))
    over(np.maximum(base + 5, np.maximum(np.abs(r + folds[2] * 2) - 11, np.abs(a - 22) - 12)), 0.01)  # sphenoid sinus
    over((np.sqrt((r / 4) ** 2 + ((a - 7) / 3) ** 2 + ((s + 13) / 3) ** 2) - 1) * 3, levels.fat)  # pituitary
    for side in (-1, 1):
        cone = np.maximum(np.hypot(r - side * 30, (s + 16)) - (a - 22) * 0.42, 24 - a)
        over(cone, levels.fat * 0.95)
        over(np.sqrt((r - side * 32) ** 2 + (a - 60) ** 2 + (s + 16) ** 2) - 12, levels.fluid * 1.4)
        for shift in (-5, 5):
            muscle = np.maximum(np.abs(r - side * 30 - shift * (a - 20) / 22) - 1.6, np.abs(s + 16) - 4)
            over(np.maximum(muscle, 26 - a), levels.muscle)


def _straight(axes: Axes, turn: Array) -> tuple[Array, Array, Array]:
    """Coordinates in the head's own axes, (k, j, i) each."""
    r, a, s = np.broadcast_arrays(axes.r, axes.a, axes.s)
    own = np.stack([r, a, s], axis=-1) @ turn  # the inverse of a rotation is its transpose
    return own[..., 0], own[..., 1], own[..., 2]


def _oval(x: Array, y: Array, half: float, depth: float) -> Array:
    """About the distance to an ellipse."""
    ratio = np.sqrt((x / half) ** 2 + (y / depth) ** 2) + 1e-3
    return np.asarray(np.hypot(x, y) * (1 - 1 / ratio))


def _cisterns(r: Array, a: Array, s: Array, uneven: Field) -> list[Array]:
    """Where fluid lies: above the sella, before the brain stem, in the Sylvian and the middle fissure."""
    sella = (np.sqrt((r / 17) ** 2 + ((a - 3) / 15) ** 2 + ((s + 1) / 9) ** 2) - 1) * 9 + uneven
    pons = np.maximum(np.maximum(np.abs(r) - 14, np.abs(a + 11) - 4.5), np.abs(s + 14) - 22)
    ambient = np.maximum(
        np.abs(np.sqrt((r / 19) ** 2 + ((a + 22) / 16) ** 2) - 1) * 16 + uneven - 2.0, np.abs(s - 2) - 12
    )
    sylvian = np.maximum(np.abs(s - 3 - 0.25 * (np.abs(r) - 15) - uneven) - 2.2, np.abs(np.abs(r) - 33) - 20)
    sylvian = np.maximum(sylvian, np.abs(a - 2 + 0.3 * np.abs(r) - 6) - 11)
    middle = np.maximum(np.maximum(np.abs(r + 0.8 * uneven) - 1.4, 3 - s), -a - 0)
    return [sella, pons, ambient, sylvian, middle]


def _folds(rng: np.random.Generator, r: Array, a: Array, s: Array, length_mm: float) -> Field:
    """Smooth noise of about unit spread: waves in random directions."""
    total = np.zeros(r.shape)
    for _ in range(10):
        wave = rng.normal(size=3) * (2.2 / length_mm)
        total += np.sin(r * wave[0] + a * wave[1] + s * wave[2] + rng.uniform(0, 2 * np.pi))
    return np.asarray(total / np.sqrt(5.0), dtype=np.float32)

"""What else lies over the lungs on a radiograph and is no mass: nipples, electrodes and wires, scars, a side marker."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lesionlab.phantoms.canvas import Field
from lesionlab.phantoms.radiograph_body import WATER_PER_MM


def add_extras(rng: np.random.Generator, path: Field, step_mm: float) -> None:
    """Add their attenuation to ``path`` (y, x) in place."""
    if rng.random() < 0.3:
        _nipples(rng, path, step_mm)
    if rng.random() < 0.12:
        _electrodes(rng, path, step_mm)
    for _ in range(int(rng.poisson(0.6))):
        _scar(rng, path, step_mm)


def add_marker(rng: np.random.Generator, grey: Field) -> None:
    """A lead L in the corner beside the patient's left shoulder, in grey levels, in place."""
    if rng.random() < 0.7:
        x = int(grey.shape[1] * 0.9)
        y = int(rng.uniform(0.02, 0.12) * grey.shape[0])
        grey[y : y + 22, x : x + 4] = 250
        grey[y + 18 : y + 22, x : x + 14] = 250


def _nipples(rng: np.random.Generator, path: Field, step_mm: float) -> None:
    high, wide = path.shape
    down, out = float(rng.uniform(0.52, 0.68)) * high, float(rng.uniform(0.24, 0.3)) * wide
    for side in (-1, 1):
        if rng.random() < 0.8:
            center = (down + rng.normal(0, 5), wide / 2 + side * out + rng.normal(0, 5))
            _disc(path, center, float(rng.uniform(4, 6)) / step_mm, float(rng.uniform(5, 9)) * WATER_PER_MM)


def _electrodes(rng: np.random.Generator, path: Field, step_mm: float) -> None:
    high, wide = path.shape
    for _ in range(int(rng.integers(2, 4))):
        center = (float(rng.uniform(0.15, 0.8)) * high, float(rng.uniform(0.12, 0.88)) * wide)
        _disc(path, center, 6.5 / step_mm, 0.25)
        _disc(path, center, 2.5 / step_mm, 1.2)
        _line(path, center, (center[0] + high * 0.5, center[1] + float(rng.normal(0, 90))), 0.9 / step_mm, 0.5, rng)


def _scar(rng: np.random.Generator, path: Field, step_mm: float) -> None:
    """A band of collapsed lung, near the bases more often."""
    high, wide = path.shape
    start = (float(rng.uniform(0.35, 0.72)) * high, float(rng.choice([0.25, 0.72]) + rng.uniform(-0.1, 0.1)) * wide)
    angle, length = float(rng.normal(0, 0.5)), float(rng.uniform(15, 50)) / step_mm
    end = (start[0] + np.sin(angle) * length, start[1] + np.cos(angle) * length)
    _line(path, start, end, float(rng.uniform(0.8, 1.8)) / step_mm, float(rng.uniform(0.06, 0.16)), rng)


def _disc(path: Field, center: tuple[float, float], radius: float, amount: float) -> None:
    y, x = (np.arange(n, dtype=np.float32) - c for n, c in zip(path.shape, center, strict=True))
    path += amount * np.clip(0.5 - (np.hypot(y[:, None], x[None]) - radius) / 1.5, 0, 1).astype(np.float32)


def _line(
    path: Field,
    start: tuple[float, float],
    end: tuple[float, float],
    sigma: float,
    amount: float,
    rng: np.random.Generator,
) -> None:
    """A bent line."""
    at = np.linspace(0, 1, 600)
    bow = np.sin(np.pi * at) * float(rng.normal(0, 0.08)) * np.hypot(end[0] - start[0], end[1] - start[1])
    y, x = start[0] + (end[0] - start[0]) * at + bow, start[1] + (end[1] - start[1]) * at + bow
    inside = (y > 0) & (x > 0) & (y < path.shape[0] - 1) & (x < path.shape[1] - 1)
    drawn = np.zeros_like(path)
    drawn[np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)] = 1
    path += np.asarray(ndimage.gaussian_filter(drawn, sigma), dtype=np.float32) * np.float32(amount * sigma * 2.5)

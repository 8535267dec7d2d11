"""What every simulated MR goes through: the coil, Rician noise, and how its grey levels are stored."""

from __future__ import annotations

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.canvas import Axes, Field


def coil(axes: Axes, shading: float, length_mm: float, rng: np.random.Generator) -> Field:
    """The sensitivity of a coil, about 1, that varies by ``shading`` over some ``length_mm``."""
    total = np.zeros(axes.shape, dtype=np.float32)
    for _ in range(3):
        wave, phase = rng.normal(0, 1 / length_mm, 3), rng.uniform(0, 6.3)
        total = total + np.sin(axes.r * wave[0] + axes.a * wave[1] + axes.s * wave[2] + phase)
    return np.asarray(1 + shading / 2 * total, dtype=np.float32)


def magnitude(signal: Field, noise: float, rng: np.random.Generator) -> Field:
    """The magnitude of a complex signal with Gaussian noise of this standard deviation in each channel (Rician noise)."""
    real = signal + rng.standard_normal(signal.shape, dtype=np.float32) * np.float32(noise)
    imaginary = rng.standard_normal(signal.shape, dtype=np.float32) * np.float32(noise)
    return np.asarray(np.hypot(real, imaginary))


def stored(grey: Field, geometry: Geometry) -> Volume:
    """Grey levels (k, j, i) as an int16 volume (i, j, k)."""
    return Volume(np.clip(np.rint(grey), 0, 32767).astype(np.int16).transpose(2, 1, 0), geometry)

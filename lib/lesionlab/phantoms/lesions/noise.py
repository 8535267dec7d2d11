"""Smooth random fields: the raw material of shapes, textures and tissues."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, n: int, cells: int) -> Field:
    """A Gaussian random field of zero mean and unit variance on a cube of ``n``^3, about ``cells`` blobs along an edge."""
    coarse = rng.standard_normal((cells + 3,) * 3).astype(np.float32)
    spline = _quadratic_spline(n, cells)
    out = coarse
    for _ in range(3):
        out = np.tensordot(out, spline, axes=(0, 1))
    out = out - out.mean()
    deviation = float(out.std())
    return np.asarray(out / max(deviation, 1e-6), dtype=np.float32)


def _quadratic_spline(n: int, cells: int) -> Field:
    """Weights of a uniform quadratic B-spline of ``cells`` + 3 knots, evaluated at ``n`` places."""
    x = (np.arange(n) + 0.5) / n * cells + 1.0
    distance = np.abs(x[:, None] - np.arange(cells + 3)[None, :])
    inner = 0.75 - distance**2
    outer = 0.5 * (1.5 - distance) ** 2
    weight = np.where(distance <= 0.5, inner, np.where(distance <= 1.5, outer, 0.0))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float32)

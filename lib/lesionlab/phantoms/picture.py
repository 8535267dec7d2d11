"""What simulated 2D images share: smooth random fields, curves, and how an image and its truth are stored. Arrays run (y, x)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.store.cases import MASKS

Field = NDArray[np.float32]
Shape = tuple[int, int]


def waves(rng: np.random.Generator, shape: Shape, length: float) -> Field:
    """A smooth random field, mean 0 and spread 1, whose hills are about ``length`` pixels across."""
    step = max(1, int(length / 6))
    coarse = tuple(-(-n // step) + 8 for n in shape)
    noise = ndimage.gaussian_filter(rng.standard_normal(coarse, dtype=np.float32), length / step / 4, mode="wrap")
    noise = (noise - noise.mean()) / max(float(noise.std()), 1e-6)
    return noise[: shape[0], : shape[1]] if step == 1 else enlarge(noise[3:-3, 3:-3], shape, step)


def enlarge(coarse: NDArray[np.floating], shape: Shape, step: float) -> Field:
    """A field on every ``step``-th pixel, linearly interpolated on all of them."""
    out: NDArray[np.floating] = coarse
    for axis in (0, 1):
        at = np.minimum(np.arange(shape[axis], dtype=np.float32) / np.float32(step), out.shape[axis] - 1.001)
        low = at.astype(np.intp)
        weight = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        first = out.take(low, axis)
        out = first + weight * (out.take(low + 1, axis) - first)
    return np.asarray(out, dtype=np.float32)


def soften(values: NDArray[np.floating], sigma: float) -> Field:
    """A Gaussian; a wide one is computed on fewer pixels."""
    step = max(1, int(sigma / 4))
    if step == 1:
        return np.asarray(ndimage.gaussian_filter(values, sigma, mode="nearest"), dtype=np.float32)
    coarse = ndimage.gaussian_filter(values[::step, ::step], sigma / step, mode="nearest")
    padded = np.pad(coarse, ((0, 2), (0, 2)), mode="edge")
    return enlarge(padded, (values.shape[0], values.shape[1]), step)


def logistic(values: NDArray[np.floating]) -> Field:
    """1 / (1 + exp(-values)), without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write grey levels (y, x)."""
    from PIL import Image

    Image.fromarray(image).save(path)


def write_region(image: Path, region: NDArray[np.bool_]) -> Path:
    """Write what decides the class (y, x) as the image's mask, uint8 0/1; returns its path."""
    path = image.parent / MASKS / image.name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, region.astype(np.uint8))
    return path

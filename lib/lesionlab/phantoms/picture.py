"""What simulated 2D images share: smooth random fields, curves, and how an image and its truth are stored. Arrays run (y, x)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.store.cases import MASKS

Field = NDArray[np.float32]
Shape = tuple[int, int]


def waves(rng: np.random.Generator, shape: Shape, length: float, wide: float = 1.0) -> Field:
    """A smooth random field, mean 0 and spread 1, whose hills are about ``length`` pixels high and ``wide`` times as broad."""
    lengths = (length, length * wide)
    steps = (max(1, int(lengths[0] / 6)), max(1, int(lengths[1] / 6)))
    coarse = [-(-n // step) + 8 for n, step in zip(shape, steps, strict=True)]
    sigmas = [x / step / 4 for x, step in zip(lengths, steps, strict=True)]
    noise = ndimage.gaussian_filter(rng.standard_normal(coarse, dtype=np.float32), sigmas, mode="wrap")
    noise = (noise - noise.mean()) / max(float(noise.std()), 1e-6)
    return enlarge(noise[3:-3, 3:-3], shape, steps)


def enlarge(coarse: NDArray[np.floating], shape: Shape, steps: tuple[int, int]) -> Field:
    """A field on every n-th row and column, linearly interpolated on all of them."""
    out: NDArray[np.floating] = coarse
    for axis in (0, 1):
        if steps[axis] == 1:
            out = out[: shape[0]] if axis == 0 else out[:, : shape[1]]
            continue
        at = np.minimum(np.arange(shape[axis], dtype=np.float32) / np.float32(steps[axis]), out.shape[axis] - 1.001)
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
    return enlarge(padded, (values.shape[0], values.shape[1]), (step, step))


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

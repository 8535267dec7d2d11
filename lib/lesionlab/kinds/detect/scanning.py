"""What another scanner would have made of a window of samples: another contrast or coil, other sharpness, more noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.kinds.detect.intensities import CEILING, FLOOR
from lesionlab.kinds.detect.task import TrainingSettings

#: Shares of windows that are changed in each way.
_BENT, _SHADED, _SHARPENED, _BLURRED, _NOISY = 0.5, 0.5, 0.5, 0.35, 0.5
#: Least standard deviations that show: of a blur in samples, of noise (of a range of 2). Grains are at most so many samples wide.
_SHARP, _SILENT, _GRAIN = 0.3, 0.01, 0.8
#: Standard deviations, in samples, of the blur that detail is finer than.
_DETAIL = (1.0, 16.0)


def as_another_scanner(
    values: NDArray[np.float32], settings: TrainingSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A window as another scanner might show it, up to the limits of ``settings``; values stay within what a network sees."""
    values = values * np.float32(np.exp(rng.uniform(-0.15, 0.15))) + np.float32(rng.uniform(-0.1, 0.1))
    if settings.gamma and rng.random() < _BENT:
        values = gamma_curve(values, float(np.exp(rng.uniform(-settings.gamma, settings.gamma))))
    if settings.shading and rng.random() < _SHADED:
        values = shaded(values, settings.shading, rng)
    if settings.detail and rng.random() < _SHARPENED:
        finer_than = float(np.exp(rng.uniform(*np.log(_DETAIL))))
        values = detailed(values, float(rng.uniform(-settings.detail, settings.detail)), finer_than)
    if settings.blur > _SHARP and rng.random() < _BLURRED:
        values = ndimage.gaussian_filter(values, rng.uniform(_SHARP, settings.blur), mode="nearest", truncate=3)
    if settings.noise > _SILENT and rng.random() < _NOISY:
        strength = float(np.exp(rng.uniform(np.log(_SILENT), np.log(settings.noise))))
        grain = float(rng.uniform(_SHARP, _GRAIN)) if rng.random() < 0.5 else 0.0
        values = values + np.float32(strength) * noise(values.shape, grain, rng)
    return np.clip(values, FLOOR, CEILING)


def gamma_curve(values: NDArray[np.float32], exponent: float) -> NDArray[np.float32]:
    """A gamma curve between -1 and 1, which stay; below -1 it goes on as a mirror image."""
    share = (values + 1) / 2
    return np.asarray(np.sign(share) * np.abs(share) ** np.float32(exponent) * 2 - 1, dtype=np.float32)


def shaded(values: NDArray[np.float32], strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness above -1 times a field, as of a coil: it changes steadily along one direction, between ``exp(+-strength)``."""
    way = rng.standard_normal(values.ndim)
    ramp = np.zeros(values.shape, dtype=np.float32)
    for axis, share in enumerate(way / np.abs(way).sum()):
        steps = np.linspace(-1, 1, values.shape[axis], dtype=np.float32)
        ramp += np.float32(share) * steps.reshape([-1 if n == axis else 1 for n in range(values.ndim)])
    middle = float(rng.uniform(-1, 1))
    slope = float(rng.uniform(0, 1 - abs(middle)))
    return np.asarray((values + 1) * np.exp(np.float32(strength) * (middle + slope * ramp)) - 1, dtype=np.float32)


def detailed(values: NDArray[np.float32], share: float, finer_than: float) -> NDArray[np.float32]:
    """A share of what a Gaussian of so many samples takes away, added (unsharp masking) or, below 0, taken away."""
    smooth = ndimage.gaussian_filter(values, finer_than, mode="nearest", truncate=2)
    return np.asarray(values + np.float32(share) * (values - smooth), dtype=np.float32)


def noise(shape: tuple[int, ...], grain: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Normal noise with standard deviation 1, blurred by a Gaussian of ``grain`` samples before."""
    white = rng.standard_normal(shape, dtype=np.float32)
    if not grain:
        return white
    smooth = ndimage.gaussian_filter(white, grain, mode="wrap", truncate=3)
    return np.asarray(smooth / smooth.std(), dtype=np.float32)

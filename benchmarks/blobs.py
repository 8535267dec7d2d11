"""What the blob finders share that detectors are held against: Gaussians that see a region alone, and the regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Values = NDArray[np.float32]
Bits = NDArray[np.bool_]
_ENCLOSED_MM = 24.0


def blurred_within(values: Values, region: Bits, sigma: float) -> Values:
    """Gaussian means of the values inside a region, so that its border is no blob."""
    weight = np.maximum(ndimage.gaussian_filter(region.astype(np.float32), sigma), 0.05)
    return np.asarray(ndimage.gaussian_filter(values * region, sigma) / weight)


def everywhere(values: Values, step: float) -> Bits:
    """All samples."""
    return np.ones(values.shape, dtype=bool)


def lungs(values: Values, step: float) -> Bits:
    """What is lighter than tissue and denser than the air around the body, and what it encloses; parts of lungs too."""
    soft = ndimage.gaussian_filter(values, 1.0)
    air = ndimage.binary_opening((soft < -0.3) & (soft > -0.87), iterations=2)
    reach = max(1, round(_ENCLOSED_MM / step / 2))
    inner = (slice(reach + 1, -reach - 1),) * values.ndim
    return np.asarray(ndimage.binary_closing(np.pad(air, reach + 1), iterations=reach)[inner])


def brain(values: Values, step: float) -> Bits:
    """The head without its outer 15 mm."""
    head = ndimage.binary_fill_holes(ndimage.binary_opening(values > -0.85, iterations=2))
    return np.asarray(ndimage.distance_transform_edt(head) * step > 15)


def breast(bright: Bits) -> tuple[Bits, Bits]:
    """The largest bright part, without films' labels, and the same without its border."""
    parts, _ = ndimage.label(ndimage.binary_opening(bright, iterations=5))
    whole = np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))
    return whole, np.asarray(ndimage.binary_erosion(whole, iterations=8))

"""The best blob finder of thirty lines: differences of Gaussians at several scales, and their peaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.metrics.froc import Mark

_PEAKS = 60


def blobs(
    image: NDArray[np.generic], sigmas: Sequence[float], where: NDArray[np.bool_] | None = None
) -> list[tuple[tuple[float, ...], float]]:
    """Bright blobs as (index, strength), best first; of those within one radius only the best."""
    values = image.astype(np.float32)
    smooth = [ndimage.gaussian_filter(values, s) for s in (*sigmas, sigmas[-1] * 1.6)]
    found: list[tuple[tuple[float, ...], float, float]] = []
    for sigma, inner, outer in zip(sigmas, smooth[:-1], smooth[1:], strict=True):
        response = inner - outer
        top = (response == ndimage.maximum_filter(response, 5)) & (response > 0)
        top = top if where is None else top & where
        places = np.argwhere(top)
        strengths = response[top]
        for n in np.argsort(-strengths)[:_PEAKS]:
            found.append((tuple(float(x) for x in places[n]), float(strengths[n]), sigma))
    kept: list[tuple[tuple[float, ...], float, float]] = []
    for blob in sorted(found, key=lambda b: -b[1]):
        if all(np.linalg.norm(np.subtract(blob[0], k[0])) > 1.5 * max(blob[2], k[2]) for k in kept):
            kept.append(blob)
    return [(place, strength) for place, strength, _ in kept]


def marks_2d(image: NDArray[np.generic], sigmas: Sequence[float], margin: float = 0.0) -> list[Mark]:
    """Blobs of a picture (y, x) off its ``margin`` (a share of its sides), a pixel counting as 1 mm."""
    high, wide = image.shape
    found: list[Mark] = []
    for (y, x), strength in blobs(image, sigmas):
        point: Point = (-x, -y, 0.0)
        if abs(y / high - 0.5) < 0.5 - margin and abs(x / wide - 0.5) < 0.5 - margin:
            found.append(Mark(point, strength))
    return found


def marks_3d(image: Volume, sigmas: Sequence[float], depth_mm: float) -> list[Mark]:
    """Blobs of a volume, ``depth_mm`` and more below the skin in each slice; scales in voxels."""
    solid = ndimage.gaussian_filter(image.array.astype(np.float32), 2) > 0.5 * float(np.mean(image.array))
    head = np.stack([ndimage.binary_fill_holes(plane) for plane in np.moveaxis(solid, 2, 0)], axis=2)
    steps = max(1, round(depth_mm / image.geometry.spacing_mm[0]))
    cross = ndimage.generate_binary_structure(3, 1)
    cross[:, :, 0] = cross[:, :, 2] = False
    inside = ndimage.binary_erosion(head, cross, iterations=steps, border_value=1)
    return [
        Mark(image.geometry.index_to_ras((i, j, k)), strength)
        for (i, j, k), strength in blobs(image.array, sigmas, inside)
    ]

"""What every peer of the network offers, and what the peers share: the scaled cube, its seeds and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Point
from lesionlab.image.patch import Patch, PatchGrid
from lesionlab.image.volume import Volume

#: volume, click (RAS mm), longest diameter (mm) -> uint8 mask, a crop of the volume's lattice.
Peer = Callable[[Volume, Point, float], Volume]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Canonical:
    """The cube round the click that most peers work on; arrays run R, A, S.

    Attributes:
        grid: where its samples lie.
        values: intensities, low-passed, 1st to 99th percentile of the cube scaled to 0..1.
        radius: distance of each sample from the click in units of half the size.
    """

    grid: PatchGrid
    values: Patch
    radius: Patch

    @classmethod
    def of(cls, volume: Volume, point_mm: Point, size_mm: float, side: float = 2.25, voxels: int = 32) -> Canonical:
        """The cube of ``side`` x the size with ``voxels``^3 samples."""
        grid = PatchGrid.cube(volume.geometry, point_mm, side * size_mm, voxels)
        raw = grid.sample(volume)
        inside = grid.inside()
        low, high = np.percentile(raw[inside], (1, 99))
        values = np.clip((raw - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)
        axis = ((np.arange(voxels) + 0.5) / voxels - 0.5) * side * 2
        r, a, s = axis[:, None, None], axis[None, :, None], axis[None, None, :]
        return cls(grid, values, np.sqrt(r**2 + a**2 + s**2).astype(np.float32))

    @cached_property
    def inside(self) -> Bools:
        """Samples within the volume."""
        return self.grid.inside()

    def smoothed(self, sigma: float) -> Patch:
        """Values after a Gaussian of ``sigma`` samples; 0 leaves them."""
        return self.values if sigma == 0 else ndimage.gaussian_filter(self.values, sigma)

    def mask(self, field: Patch, point_mm: Point) -> Volume:
        """Where the field, interpolated at the voxel centres, is at least 0.5: the clicked part of it."""
        restored = self.grid.restore(field.astype(np.float32))
        return clicked_part(Volume((restored.array >= 0.5).astype(np.uint8), restored.geometry), point_mm)


def clicked_part(mask: Volume, point_mm: Point) -> Volume:
    """The connected part under the click, else the largest one, with its holes filled."""
    parts, count = ndimage.label(mask.array, structure=np.ones((3, 3, 3)))
    if count == 0:
        return mask
    index = np.clip(np.rint(mask.geometry.ras_to_index(point_mm)).astype(int), 0, np.asarray(parts.shape) - 1)
    part = int(parts[tuple(index)]) or int(np.bincount(parts.ravel())[1:].argmax()) + 1
    return Volume(ndimage.binary_fill_holes(parts == part).astype(np.uint8), mask.geometry)


def ball(volume: Volume, point_mm: Point, diameter_mm: float) -> Volume:
    """Mask of the voxels whose centres lie within ``diameter_mm`` / 2 of the point, as a crop; at least one voxel."""
    geometry = volume.geometry
    center = np.asarray(geometry.ras_to_index(point_mm))
    # How far a ball reaches along each index axis, for oblique and sheared lattices too.
    reach = np.linalg.norm(geometry.inverse[:3, :3], axis=1) * diameter_mm / 2
    last = np.asarray(geometry.shape) - 1
    low = np.clip(np.ceil(center - reach), 0, last).astype(int)
    high = np.clip(np.floor(center + reach), low, last).astype(int)
    axes = [np.arange(a, b + 1) - c for a, b, c in zip(low, high, center, strict=True)]
    away = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ geometry.affine[:3, :3].T
    mask = (np.linalg.norm(away, axis=-1) <= diameter_mm / 2).astype(np.uint8)
    if not mask.any():
        nearest = np.clip(np.rint(center).astype(int) - low, 0, np.asarray(mask.shape) - 1)
        mask[tuple(nearest)] = 1
    i, j, k = (int(n) for n in low)
    return Volume(mask, geometry.crop((i, j, k), mask.shape))

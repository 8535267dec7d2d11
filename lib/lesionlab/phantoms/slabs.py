"""Thick slices: what lies between them counts too, so that they are the mean of thin ones and not a few of these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from lesionlab.image.geometry import Geometry, Index, Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.lattice import thin_slices
from lesionlab.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True)
class CtSettings:
    """What any simulated CT has.

    Attributes:
        shape: voxels along (i, j, k): to the left, backwards, upwards.
        spacing_mm: distance between voxels along (i, j, k).
        scanner: its sharpness and noise.
        slabs: each slice is the mean of so many thin ones (:func:`in_slabs`).
    """

    shape: Index
    spacing_mm: Point
    scanner: Scanner = field(default_factory=Scanner)
    slabs: int = 1

    def thin(self) -> Self:
        """The thin slices whose means these are, with the noise that leaves the means the scanner's."""
        shape, spacing_mm = thin_slices(self.shape, self.spacing_mm, self.slabs)
        scanner = self.scanner.thin(self.slabs, spacing_mm[2])
        return replace(self, shape=shape, spacing_mm=spacing_mm, scanner=scanner, slabs=1)


def in_slabs(volume: Volume, count: int) -> Volume:
    """Every ``count`` neighbouring slices along k as one; those left over at the end are dropped.

    Args:
        volume: an image, whose values are averaged; or labels (uint8), of which a voxel keeps the one that at least half of its
            slices have. What is thinner than half a slab has then no voxel.
        count: slices in a slab.
    """
    if count == 1:
        return volume
    i, j, k = volume.geometry.shape
    slices = np.asarray(volume.array[:, :, : k // count * count]).reshape(i, j, k // count, count)
    if volume.array.dtype == np.uint8:
        values = np.zeros(slices.shape[:3], dtype=np.uint8)
        for value in np.unique(slices[slices > 0]):
            values[2 * (slices == value).sum(axis=3) >= count] = value
    else:
        values = np.rint(slices.mean(axis=3, dtype=np.float32)).astype(volume.array.dtype)
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (count - 1) / 2
    affine[:3, 2] *= count
    return Volume(values, Geometry(values.shape, affine))

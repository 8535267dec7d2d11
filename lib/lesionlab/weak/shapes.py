"""Which points lie inside a drawn shape, and what share of each voxel that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import FloatArray, Geometry, Point
from lesionlab.image.volume import Volume

Inside = Callable[[FloatArray], NDArray[np.bool_]]

_SUBPOINTS = 3
_CHUNK = 1 << 21


@dataclass(frozen=True, eq=False)
class Region:
    """A shape in space.

    Attributes:
        inside: for points (n, 3) in RAS mm, whether each lies in the shape.
        corners_mm: points (n, 3) whose bounding box holds the shape.
    """

    inside: Inside
    corners_mm: FloatArray


def ellipsoid(center_mm: Point, half_axes_mm: FloatArray) -> Region:
    """An ellipsoid from its centre and its three half axes (rows)."""
    center = np.asarray(center_mm, dtype=float)
    scaled = half_axes_mm / (half_axes_mm**2).sum(axis=1, keepdims=True)

    def inside(points: FloatArray) -> NDArray[np.bool_]:
        return np.asarray((((points - center) @ scaled.T) ** 2).sum(axis=1) <= 1.0)

    # The box of an ellipsoid reaches sqrt(sum of squares) along each world axis.
    reach = np.sqrt((half_axes_mm**2).sum(axis=0))
    return Region(inside, np.array([center - reach, center + reach]))


def sphere(center_mm: Point, diameter_mm: float) -> Region:
    """A sphere."""
    return ellipsoid(center_mm, np.eye(3) * (diameter_mm / 2))


def disc(center_mm: Point, half_axes_mm: FloatArray, thickness_mm: float) -> Region:
    """A flat ellipse (two half axes as rows) as a cylinder of the given thickness, the plane in its middle."""
    center = np.asarray(center_mm, dtype=float)
    scaled = half_axes_mm / (half_axes_mm**2).sum(axis=1, keepdims=True)
    normal = np.cross(*half_axes_mm)
    normal /= np.linalg.norm(normal)

    def inside(points: FloatArray) -> NDArray[np.bool_]:
        away = points - center
        in_plane = ((away @ scaled.T) ** 2).sum(axis=1) <= 1.0
        return np.asarray(in_plane & (np.abs(away @ normal) <= thickness_mm / 2))

    reach = np.sqrt((half_axes_mm**2).sum(axis=0)) + np.abs(normal) * thickness_mm / 2
    return Region(inside, np.array([center - reach, center + reach]))


def share(region: Region, lattice: Geometry, subpoints: int = _SUBPOINTS) -> Volume | None:
    """The share of each voxel that lies in a region, from ``subpoints``^3 points spread evenly in the voxel.

    Returns:
        float32 in [0, 1] on the crop of the lattice that holds the region; None when the region lies outside.
    """
    low, high = _box(region, lattice)
    if (high <= low).any():
        return None
    i, j, k = (int(n) for n in high - low)
    part = lattice.crop((int(low[0]), int(low[1]), int(low[2])), (i, j, k))
    offsets = (np.arange(subpoints) + 0.5) / subpoints - 0.5
    # Offsets in steps of voxels along i, j, k -> mm.
    steps = np.stack(np.meshgrid(offsets, offsets, offsets, indexing="ij"), axis=-1).reshape(-1, 3)
    steps_mm = steps @ part.affine[:3, :3].T
    values = np.zeros(i * j * k, dtype=np.float32)
    for start in range(0, values.size, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, values.size))
        index = np.stack(np.unravel_index(numbers, (i, j, k)), axis=1)
        centers = index @ part.affine[:3, :3].T + part.affine[:3, 3]
        for step in steps_mm:
            values[numbers] += region.inside(centers + step)
    return Volume((values / len(steps_mm)).reshape(i, j, k), part)


def _box(region: Region, lattice: Geometry) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First index, and the one behind the last, of the voxels that the region may touch; clipped to the lattice."""
    a, b = region.corners_mm.min(axis=0), region.corners_mm.max(axis=0)
    corners = np.array([[r, p, s] for r in (a[0], b[0]) for p in (a[1], b[1]) for s in (a[2], b[2])])
    index = corners @ lattice.inverse[:3, :3].T + lattice.inverse[:3, 3]
    low = np.maximum(np.floor(index.min(axis=0) + 0.5).astype(np.int64), 0)
    high = np.minimum(np.floor(index.max(axis=0) + 0.5).astype(np.int64) + 1, lattice.shape)
    return low, high

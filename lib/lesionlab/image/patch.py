"""From a volume to a box of samples around a point, and back: one separable resampling each way.

The box's axes are the lattice's own, reordered and flipped to run closest to R, A, S, so that any axis order or flip of
the same image gives the same patch, and an oblique lattice is never rotated. Along each axis a small matrix holds the
low-pass (a triangle as wide as the coarser of both steps: slab averaging when shrinking, linear interpolation when
enlarging), so a patch costs three matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Geometry, Index, Point
from lesionlab.image.volume import Volume

Patch = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PatchGrid:
    """A box of samples ``step_mm`` apart, centred on a point of a lattice. Patch axes, and ``shape``, run R, A, S."""

    geometry: Geometry
    center_mm: Point
    step_mm: float
    shape: Index

    @classmethod
    def cube(cls, geometry: Geometry, center_mm: Point, side_mm: float, voxels: int) -> PatchGrid:
        """``voxels``^3 samples in a cube that is ``side_mm`` long."""
        return cls(geometry, center_mm, side_mm / voxels, (voxels, voxels, voxels))

    def lattice(self) -> Geometry:
        """The samples as a lattice of their own, (R, A, S)."""
        affine = np.eye(4)
        origin = np.asarray(self.to_ras((0.0, 0.0, 0.0)))
        affine[:3, 3] = origin
        for axis in range(3):
            index = [0.0, 0.0, 0.0]
            index[axis] = 1.0
            affine[:3, axis] = np.asarray(self.to_ras((index[0], index[1], index[2]))) - origin
        return Geometry(self.shape, affine)

    @cached_property
    def _order(self) -> tuple[Index, Index]:
        return self.geometry.canonical_axes()

    @cached_property
    def positions(self) -> list[NDArray[np.float64]]:
        """For each patch axis (R, A, S): continuous index, along its lattice axis, of every sample."""
        order, sign = self._order
        center = self.geometry.ras_to_index(self.center_mm)
        places = []
        for count, axis, s in zip(self.shape, order, sign, strict=True):
            offset_mm = (np.arange(count) - (count - 1) / 2) * self.step_mm
            places.append(np.asarray(center[axis] + s * offset_mm / self.geometry.spacing_mm[axis], dtype=np.float64))
        return places

    @cached_property
    def _steps(self) -> list[float]:
        """For each patch axis: what one sample further is along its lattice axis."""
        order, sign = self._order
        return [s * self.step_mm / self.geometry.spacing_mm[axis] for axis, s in zip(order, sign, strict=True)]

    @cached_property
    def box(self) -> tuple[Index, Index]:
        """Start and shape of the voxels whose centres lie in the box of samples, clipped to the lattice (array axis order)."""
        order, _ = self._order
        start, size = [0, 0, 0], [1, 1, 1]
        for positions, step, axis in zip(self.positions, self._steps, order, strict=True):
            half = abs(step) / 2
            count = self.geometry.shape[axis]
            low = int(np.clip(np.ceil(positions.min() - half), 0, count - 1))
            high = int(np.clip(np.floor(positions.max() + half), low, count - 1))
            start[axis], size[axis] = low, high - low + 1
        return (start[0], start[1], start[2]), (size[0], size[1], size[2])

    def sample(self, volume: Volume) -> Patch:
        """Low-passed values of ``volume`` (on this lattice) at the samples, float32 (R, A, S); edges are extended outwards."""
        order, _ = self._order
        start, shape, weights = [0, 0, 0], [1, 1, 1], []
        for positions, step, axis in zip(self.positions, self._steps, order, strict=True):
            start[axis], matrix = _gather(positions, abs(step), self.geometry.shape[axis])
            shape[axis] = matrix.shape[1]
            weights.append(matrix)
        box = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
        values = volume.array[box].transpose(order)
        return _apply(weights, values)

    def inside(self) -> NDArray[np.bool_]:
        """Which samples lie within the lattice, (R, A, S)."""
        order, _ = self._order
        r, a, s = (
            (p >= -0.5) & (p <= self.geometry.shape[axis] - 0.5) for p, axis in zip(self.positions, order, strict=True)
        )
        return np.asarray(r[:, None, None] & a[None, :, None] & s[None, None, :])

    def restore(self, patch: Patch) -> Volume:
        """Values of ``patch`` (R, A, S) interpolated at the voxel centres of ``box``, as a crop of the lattice."""
        order, _ = self._order
        start, size = self.box
        weights = []
        for positions, step, count, axis in zip(self.positions, self._steps, self.shape, order, strict=True):
            index = np.arange(start[axis], start[axis] + size[axis])
            weights.append(_linear((index - positions[0]) / step, count))
        values = _apply(weights, patch)
        back = np.argsort(order)
        return Volume(np.ascontiguousarray(values.transpose(back)), self.geometry.crop(start, size))

    def to_patch(self, point_mm: Point) -> Point:
        """RAS mm -> continuous patch index (R, A, S)."""
        order, _ = self._order
        index = self.geometry.ras_to_index(point_mm)
        r, a, s = (
            (index[axis] - positions[0]) / step
            for positions, step, axis in zip(self.positions, self._steps, order, strict=True)
        )
        return r, a, s

    def to_ras(self, index: Point) -> Point:
        """Continuous patch index (R, A, S) -> RAS mm: the inverse of :meth:`to_patch`."""
        order, _ = self._order
        place = [0.0, 0.0, 0.0]
        for at, positions, step, axis in zip(index, self.positions, self._steps, order, strict=True):
            place[axis] = float(positions[0] + at * step)
        return self.geometry.index_to_ras((place[0], place[1], place[2]))


def _gather(positions: NDArray[np.float64], step: float, count: int) -> tuple[int, Patch]:
    """Weights that low-pass and sample ``count`` voxels at ``positions``; returns the first voxel used and the matrix."""
    width = max(1.0, step)
    # A slab only helps where there are voxels: positions outside take the edge's value.
    clipped = np.clip(positions, 0, count - 1)
    low = max(int(np.floor(clipped.min() - width)), 0)
    high = min(int(np.ceil(clipped.max() + width)), count - 1)
    index = np.arange(low, high + 1)
    weight = np.maximum(0.0, 1.0 - np.abs(clipped[:, None] - index[None, :]) / width)
    weight /= weight.sum(axis=1, keepdims=True)
    return low, weight.astype(np.float32)


def _linear(positions: NDArray[np.float64], count: int) -> Patch:
    """Weights of linear interpolation at ``positions`` among ``count`` samples, the edges extended."""
    clipped = np.clip(positions, 0, count - 1)
    weight = np.maximum(0.0, 1.0 - np.abs(clipped[:, None] - np.arange(count)[None, :]))
    return weight.astype(np.float32)


def _apply(weights: list[Patch], values: NDArray[np.generic]) -> Patch:
    """Multiply each axis of ``values`` by its matrix, the axis that shrinks most first."""
    out: NDArray[np.generic] = values
    axes = sorted(range(3), key=lambda axis: weights[axis].shape[0] / weights[axis].shape[1])
    for axis in axes:
        moved = np.moveaxis(out, axis, -1)
        flat = np.ascontiguousarray(moved, dtype=np.float32).reshape(-1, moved.shape[-1])
        out = np.moveaxis((flat @ weights[axis].T).reshape(*moved.shape[:-1], -1), -1, axis)
    return np.ascontiguousarray(out, dtype=np.float32)

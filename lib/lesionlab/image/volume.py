"""A volume: voxel values on a lattice in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry, Index

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxel values (i, j, k) with their geometry. A 2D image is one slice thick, with 1 mm pixels unless it says otherwise."""

    array: Array
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise InputError(
                "the array does not fit its lattice", got=self.array.shape, expected=f"shape {self.geometry.shape}"
            )

    @property
    def nbytes(self) -> int:
        """Memory of the voxel values."""
        return int(self.array.nbytes)

    def crop(self, start: Index, shape: Index) -> Volume:
        """The box of voxels that begins at index ``start`` (a view, not a copy)."""
        box = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
        return Volume(self.array[box], self.geometry.crop(start, shape))

    def thinned(self, step_mm: float) -> Volume:
        """Every n-th voxel along each axis, as many as leave at least two voxels for each ``step_mm`` (a view, not a copy)."""
        strides = [max(1, int(step_mm / (2 * spacing))) for spacing in self.geometry.spacing_mm]
        array = self.array[:: strides[0], :: strides[1], :: strides[2]]
        affine = self.geometry.affine @ np.diag([*strides, 1.0])
        return Volume(array, Geometry(array.shape, affine))

    @classmethod
    def zeros(cls, geometry: Geometry, dtype: type[np.generic] = np.uint8) -> Volume:
        """A volume of zeros on a lattice."""
        return cls(np.zeros(geometry.shape, dtype=dtype), geometry)

    def paste(self, part: Volume) -> Volume:
        """This volume with the voxels of ``part`` written where they lie; parts outside are dropped.

        ``part`` must lie on this lattice: same axes, origin at a whole index.

        Raises:
            InputError: it does not.
        """
        turned = (self.geometry.inverse @ part.geometry.affine)[:3, :3] - np.eye(3)
        if np.abs(turned * np.asarray(part.array.shape)).max() > 1e-2:
            raise InputError("the part has other axes than the volume", got=part.geometry.affine[:3, :3].tolist())
        start_f = np.asarray(self.geometry.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0))))
        start = np.rint(start_f).astype(int)
        if np.abs(start_f - start).max() > 1e-3:
            raise InputError("the part lies between voxels", got=start_f.tolist(), expected="a whole index")
        low = np.maximum(start, 0)
        high = np.minimum(start + part.array.shape, self.array.shape)
        out = self.array.copy()
        if (high > low).all():
            source = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))
            out[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = part.array[source]
        return Volume(out, self.geometry)

"""Where voxels lie in space: index (i, j, k) <-> RAS millimetres. The only place that knows other conventions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError

Point = tuple[float, float, float]
Index = tuple[int, int, int]
FloatArray = NDArray[np.float64]

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Geometry:
    """The lattice of a volume.

    Attributes:
        shape: voxels along the array axes (i, j, k).
        affine: 4 x 4, homogeneous index (i, j, k, 1) of a voxel *centre* -> RAS mm.
    """

    shape: Index
    affine: FloatArray

    def __post_init__(self) -> None:
        affine = np.asarray(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise InputError("the affine is not a finite 4 x 4 matrix", got=affine.tolist())
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise InputError("the affine is singular", got=affine.tolist(), expected="three independent axes")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise InputError("the lattice is empty or not 3D", got=self.shape, expected="three sizes >= 1")
        affine = affine.copy()
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def from_lps(cls, shape: Index, affine_lps: FloatArray) -> Geometry:
        """From an affine that gives LPS mm (DICOM, ITK, NRRD)."""
        return cls(shape, _LPS_TO_RAS @ np.asarray(affine_lps, dtype=np.float64))

    @property
    def affine_lps(self) -> FloatArray:
        """The affine to LPS mm, for DICOM, ITK and NRRD."""
        return _LPS_TO_RAS @ self.affine

    @cached_property
    def inverse(self) -> FloatArray:
        """RAS mm -> index."""
        return np.asarray(np.linalg.inv(self.affine), dtype=np.float64)

    @cached_property
    def spacing_mm(self) -> Point:
        """Distance between neighbouring voxel centres along i, j, k."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def extent_mm(self) -> Point:
        """Edge lengths of the whole lattice along i, j, k."""
        i, j, k = (n * s for n, s in zip(self.shape, self.spacing_mm, strict=True))
        return i, j, k

    def index_to_ras(self, index: Point) -> Point:
        """Continuous index -> RAS mm."""
        r, a, s = self.affine[:3, :3] @ np.asarray(index, dtype=np.float64) + self.affine[:3, 3]
        return float(r), float(a), float(s)

    def ras_to_index(self, point_mm: Point) -> Point:
        """RAS mm -> continuous index."""
        i, j, k = self.inverse[:3, :3] @ np.asarray(point_mm, dtype=np.float64) + self.inverse[:3, 3]
        return float(i), float(j), float(k)

    def contains(self, point_mm: Point) -> bool:
        """Whether the point lies in the box of voxels (their outer faces included, with 1e-6 voxel of slack)."""
        index = np.asarray(self.ras_to_index(point_mm))
        return bool((index >= -0.5 - 1e-6).all() and (index <= np.asarray(self.shape) - 0.5 + 1e-6).all())

    def crop(self, start: Index, shape: Index) -> Geometry:
        """The lattice of a box of voxels that begins at index ``start``."""
        affine = self.affine.copy()
        affine[:3, 3] = self.index_to_ras(start)
        return Geometry(shape, affine)

    def canonical_axes(self) -> tuple[Index, Index]:
        """How to reorder the array axes so that they run closest to R, A, S.

        Returns:
            ``order``: for R, A, S the array axis that runs along it; ``sign``: +1, or -1 where that axis runs backwards.
        """
        unit = self.affine[:3, :3] / np.asarray(self.spacing_mm)
        order = [-1, -1, -1]
        sign = [1, 1, 1]
        weight = np.abs(unit)
        for _ in range(3):
            world, axis = np.unravel_index(int(np.argmax(weight)), weight.shape)
            order[world] = int(axis)
            sign[world] = 1 if unit[world, axis] >= 0 else -1
            weight[world, :] = -1.0
            weight[:, axis] = -1.0
        return (order[0], order[1], order[2]), (sign[0], sign[1], sign[2])

    def same_as(self, other: Geometry, tolerance_mm: float = 1e-3) -> bool:
        """Whether both lattices coincide: equal shape, and every corner within ``tolerance_mm``."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij")).reshape(3, -1)
        homogeneous = np.vstack([corners, np.ones(corners.shape[1])])
        return bool(np.abs((self.affine - other.affine) @ homogeneous).max() <= tolerance_mm)

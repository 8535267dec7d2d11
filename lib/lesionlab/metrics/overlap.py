"""Two masks compared, and one mask measured. Masks are boolean arrays; distances are in mm."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

Bits = NDArray[np.bool_]

_DIRECTIONS = 120


def dice(a: Bits, b: Bits) -> float:
    """Dice (1945): twice the common voxels over the sum of both; 1 when both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def hausdorff95_mm(a: Bits, b: Bits, axes_mm: NDArray[np.float64]) -> float | None:
    """The larger of both directed 95th percentiles of the distances between surface voxels.

    Args:
        a: one mask.
        b: the other, on the same lattice.
        axes_mm: 3 x 3, its columns the steps in mm along the lattice's axes (``affine[:3, :3]``).

    Returns:
        None when a mask is empty: what is not there has no border to be near or far.
    """
    if not a.any() or not b.any():
        return None
    first, second = (_surface(mask) @ axes_mm.T for mask in (a, b))
    there, back = cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def longest_diameter_mm(planes: Bits, spacing_mm: tuple[float, float]) -> float:
    """The longest diameter within one plane: from corner to corner of the voxels that lie farthest apart.

    A single voxel of 1 x 1 mm has a diameter of 1.41 mm; n voxels in a row of 1 mm measure sqrt(n^2 + 1) mm.

    Args:
        planes: (plane, row, column); the diameter is sought in each plane.
        spacing_mm: between rows and between columns.

    Returns:
        At most 0.04 % below the exact value (the largest width over 120 directions); 0 for an empty mask.
    """
    if not planes.any():
        return 0.0
    planes = planes[ndimage.find_objects(planes.astype(np.uint8))[0]]
    planes = planes[planes.any(axis=(1, 2))]
    filled = planes.any(axis=2)
    first = np.where(filled, planes.argmax(axis=2) - 0.5, np.inf) * spacing_mm[1]
    last = np.where(filled, planes.shape[2] - 0.5 - planes[:, :, ::-1].argmax(axis=2), -np.inf) * spacing_mm[1]
    rows = np.arange(planes.shape[1]) * spacing_mm[0]
    half = spacing_mm[0] / 2
    best = 0.0
    for angle in np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS):
        # The sine is never negative: the far end of a row is its last column, the near end its first.
        along, across = math.cos(angle), max(math.sin(angle), 1e-12)
        far = (rows * along + half * abs(along) + last * across).max(axis=1)
        near = (rows * along - half * abs(along) + first * across).min(axis=1)
        best = max(best, float((far - near).max()))
    return best


def _surface(mask: Bits) -> NDArray[np.float64]:
    """Indices of the voxels of the mask that have a face towards its outside."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    part = np.pad(mask[box], 1)
    shell = part & ~ndimage.binary_erosion(part)
    return np.argwhere(shell) + (np.asarray([side.start for side in box]) - 1.0)

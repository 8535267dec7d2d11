"""From a probability map to one lesion's mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from lesionlab.image.geometry import Geometry, Index, Point
from lesionlab.image.volume import Volume

Bits = NDArray[np.bool_]
_TOUCHING = np.ones((3, 3, 3), dtype=bool)


def cut_out(probability: Volume, point_mm: Point, exclude_mm: Sequence[Point], level: float) -> Bits:
    """The part of ``probability >= level`` that the click belongs to, holes filled, less what negative clicks point at.

    Returns:
        Bits on the lattice of ``probability``; never empty: the click's own voxel belongs to it.
    """
    click = nearest_index(probability.geometry, point_mm)
    inside = probability.array >= level
    inside = _part_at(inside, click, probability.geometry)
    inside = _fill_holes(inside)
    if exclude_mm:
        inside = _without(
            inside, click, [nearest_index(probability.geometry, p) for p in exclude_mm], probability.geometry
        )
    inside[click] = True
    return inside


def nearest_index(geometry: Geometry, point_mm: Point) -> Index:
    """The voxel that holds the point, or the one closest to it on the lattice."""
    index = np.rint(geometry.ras_to_index(point_mm)).astype(int)
    i, j, k = np.clip(index, 0, np.asarray(geometry.shape) - 1)
    return int(i), int(j), int(k)


def tight_box(inside: Bits, margin: int = 1) -> tuple[Index, Index]:
    """Start and shape of the box around the true voxels, with ``margin`` voxels where there is room."""
    start, shape = [], []
    for axis in range(3):
        line = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        low = max(int(line[0]) - margin, 0)
        high = min(int(line[-1]) + margin + 1, inside.shape[axis])
        start.append(low)
        shape.append(high - low)
    return (start[0], start[1], start[2]), (shape[0], shape[1], shape[2])


def _part_at(inside: Bits, click: Index, geometry: Geometry) -> Bits:
    labels, count = ndimage.label(inside, structure=_TOUCHING)
    if count == 0:
        return np.zeros_like(inside)
    chosen = int(labels[click])
    if chosen == 0:
        # The click lies on a dark core or just outside: the closest part is meant.
        where = np.argwhere(inside)
        distance = np.linalg.norm((where - np.asarray(click)) * np.asarray(geometry.spacing_mm), axis=1)
        chosen = int(labels[tuple(where[int(distance.argmin())])])
    return np.asarray(labels == chosen)


def _fill_holes(inside: Bits) -> Bits:
    if min(inside.shape) == 1:
        axis = inside.shape.index(1)
        flat = ndimage.binary_fill_holes(inside.squeeze(axis))
        return np.asarray(np.expand_dims(flat, axis))
    return np.asarray(ndimage.binary_fill_holes(inside))


def _without(inside: Bits, click: Index, excluded: Sequence[Index], geometry: Geometry) -> Bits:
    """Divide the mask at its necks (watershed of the depth) between the click and the negative clicks; keep the click's."""
    hit = [index for index in excluded if inside[index] and index != click]
    if not hit:
        return inside
    depth = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=geometry.spacing_mm)[1:-1, 1:-1, 1:-1]
    markers = np.zeros(inside.shape, dtype=np.int32)
    for number, index in enumerate(hit, start=2):
        markers[index] = number
    markers[click] = 1
    parts = watershed(-depth, markers, mask=inside)
    return np.asarray(parts == 1)

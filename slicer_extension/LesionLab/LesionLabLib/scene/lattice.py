"""Crops on the image's lattice: the same voxels, whichever way their axes run."""

from __future__ import annotations

import itertools

import numpy as np

from LesionLabLib.answers import Crop

from .errors import SceneError
from .matrices import apply, moved

Shape = tuple[int, int, int]
#: How far, in voxels, a corner of a crop may lie off the image's voxel centres: rounding of float32 headers.
_OFF_VOXELS = 0.1


def on_lattice(crop: Crop, shape: Shape, affine: np.ndarray) -> Crop:
    """The crop with the image's own axes, trimmed to its voxels that are not 0 and lie in the image; bool, read-only.

    Raises:
        SceneError: its voxels are not voxels of the image.
    """
    voxels = np.asarray(crop.voxels)
    to_image = np.linalg.inv(affine) @ np.asarray(crop.affine, dtype=float)
    axes = _whole_axes(to_image[:3, :3], voxels.shape)
    start = np.rint(to_image[:3, 3])
    ends = [(0, size - 1) for size in voxels.shape]
    off = max(
        np.abs(to_image[:3, :3] @ corner + to_image[:3, 3] - axes @ corner - start).max()
        for corner in itertools.product(*ends)
    )
    if not _is_permutation(axes) or off > _OFF_VOXELS:
        raise SceneError("The mask belongs to another image: its voxels do not lie on the voxels of the open image.")
    order = [int(np.flatnonzero(row)[0]) for row in axes]
    turned = [row.sum() < 0 for row in axes]
    inside = np.flip(voxels.transpose(order) != 0, axis=tuple(n for n in range(3) if turned[n]))
    first = [int(start[n]) - (inside.shape[n] - 1 if turned[n] else 0) for n in range(3)]
    return trimmed(inside, (first[0], first[1], first[2]), shape, affine)


def trimmed(inside: np.ndarray, first: Shape, shape: Shape, affine: np.ndarray) -> Crop:
    """The tight crop of a bool array whose first voxel is ``first`` of the image; without a voxel, (0, 0, 0) in size."""
    low = [max(0, -start) for start in first]
    high = [min(size, limit - start) for size, limit, start in zip(inside.shape, shape, first)]
    inside = inside[tuple(slice(a, max(a, b)) for a, b in zip(low, high))]
    begin = [start + cut for start, cut in zip(first, low)]
    box = used_box(inside)
    if box is None:
        return _crop(np.zeros((0, 0, 0), dtype=bool), (0, 0, 0), affine)
    origin = (begin[0] + box[0].start, begin[1] + box[1].start, begin[2] + box[2].start)
    return _crop(inside[box].copy(), origin, affine)


def used_box(voxels: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box that holds every voxel that is not 0; None when all are."""
    # k by k, as VTK's memory runs: the image is read once.
    planes = np.flatnonzero([voxels[:, :, k].any() for k in range(voxels.shape[2])])
    if not planes.size:
        return None
    k = slice(int(planes[0]), int(planes[-1]) + 1)
    flat: np.ndarray = np.any(voxels[:, :, k], axis=2)
    i, j = (np.flatnonzero(flat.any(axis=axis)) for axis in (1, 0))
    return slice(int(i[0]), int(i[-1]) + 1), slice(int(j[0]), int(j[-1]) + 1), k


def box_of(crop: Crop) -> tuple[slice, slice, slice]:
    """Where the crop lies in the image."""
    i, j, k = (slice(start, start + size) for start, size in zip(crop.origin_index, crop.voxels.shape))
    return i, j, k


def touch(crop: Crop, other: Crop) -> bool:
    """Whether the boxes of two crops of the same lattice overlap."""
    return all(
        max(a, b) < min(a + m, b + n)
        for a, m, b, n in zip(crop.origin_index, crop.voxels.shape, other.origin_index, other.voxels.shape)
    )


def without(crop: Crop, other: Crop, affine: np.ndarray) -> Crop:
    """The crop less the voxels of another crop of the same lattice."""
    if not touch(crop, other):
        return crop
    low = np.maximum(crop.origin_index, other.origin_index)
    high = np.minimum(np.add(crop.origin_index, crop.voxels.shape), np.add(other.origin_index, other.voxels.shape))
    mine, theirs = _shared(crop, low, high), _shared(other, low, high)
    if not (crop.voxels[mine] & other.voxels[theirs]).any():
        return crop
    inside = crop.voxels.copy()
    inside[mine] &= ~other.voxels[theirs]
    first = crop.origin_index
    return trimmed(inside, first, tuple(np.add(first, inside.shape)), affine)


def same(crop: Crop, other: Crop) -> bool:
    """Whether two crops of the same lattice hold the same voxels; both are tight."""
    return crop is other or (crop.origin_index == other.origin_index and np.array_equal(crop.voxels, other.voxels))


def centre_mm(crop: Crop) -> tuple[float, float, float]:
    """The centre of gravity of a crop's voxels, world mm."""
    i, j, k = (float(places.mean()) for places in np.nonzero(crop.voxels))
    return apply(np.asarray(crop.affine), (i, j, k))


def _crop(inside: np.ndarray, origin: Shape, affine: np.ndarray) -> Crop:
    inside.setflags(write=False)
    return Crop(origin_index=origin, affine=moved(affine, origin), voxels=inside)


def _shared(crop: Crop, low: np.ndarray, high: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(int(a - start), int(b - start)) for a, b, start in zip(low, high, crop.origin_index))


def _whole_axes(axes: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The axes rounded to whole voxels; a direction in which the crop is one voxel thick may be any, and takes the free axis."""
    rounded = np.rint(axes)
    thin = [axis for axis in range(3) if size[axis] == 1]
    rounded[:, thin] = 0
    free = [row for row in range(3) if not rounded[row].any()]
    for axis, row in zip(thin, free):
        rounded[row, axis] = 1
    return rounded


def _is_permutation(axes: np.ndarray) -> bool:
    sides = np.abs(axes)
    return bool((sides.sum(axis=0) == 1).all() and (sides.sum(axis=1) == 1).all() and sides.max() == 1)

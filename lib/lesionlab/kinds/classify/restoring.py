"""Maps on what the network saw, brought back to the image's own voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Geometry
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.sampling import Placement


def restored(
    places: Sequence[Placement], maps: NDArray[np.float32], geometry: Geometry, sliced: bool = False
) -> Volume:
    """A map (P, *edges) on the image's lattice, or on a crop of it.

    Args:
        places: where each plane, or the box, lies.
        maps: its values there.
        geometry: the image's lattice.
        sliced: whether the planes are slices of one volume; between them the map is interpolated, so that it has every slice.
            Others are added where they overlap, as the magnifications of a patch do.
    """
    if not sliced:
        parts = [place.restore(picture) for place, picture in zip(places, maps, strict=True)]
        total = Volume.zeros(_around(geometry, parts), np.float32)
        for part in parts:
            total = Volume(total.array + Volume.zeros(total.geometry, np.float32).paste(part).array, total.geometry)
        return total
    axis = geometry.canonical_axes()[0][2]
    planes, indices = [], []
    for place, picture in zip(places, maps, strict=True):
        index = round(geometry.ras_to_index(place.grid.center_mm)[axis])
        planes.append(_on_slice(place, picture, _slice(geometry, axis, index)))
        indices.append(index)
    return Volume(_between(np.stack(planes), np.asarray(indices), geometry.shape[axis], axis), geometry)


def _around(geometry: Geometry, parts: Sequence[Volume]) -> Geometry:
    """The smallest crop of the lattice that holds all parts."""
    starts = [np.rint(geometry.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int) for part in parts]
    low = np.min(starts, axis=0)
    i, j, k = np.max([start + part.array.shape for start, part in zip(starts, parts, strict=True)], axis=0) - low
    return geometry.crop((int(low[0]), int(low[1]), int(low[2])), (int(i), int(j), int(k)))


def _slice(geometry: Geometry, axis: int, index: int) -> Geometry:
    start, shape = [0, 0, 0], list(geometry.shape)
    start[axis], shape[axis] = index, 1
    return geometry.crop((start[0], start[1], start[2]), (shape[0], shape[1], shape[2]))


def _on_slice(place: Placement, picture: NDArray[np.float32], lattice: Geometry) -> NDArray[np.float32]:
    grid = PatchGrid(lattice, place.grid.center_mm, place.grid.step_mm, place.grid.shape)
    whole = Volume.zeros(lattice, np.float32).paste(Placement(grid, place.mirrored).restore(picture))
    return np.asarray(whole.array.reshape([n for n in lattice.shape if n > 1] or [1]), dtype=np.float32)


def _between(planes: NDArray[np.float32], indices: NDArray[np.int64], count: int, axis: int) -> NDArray[np.float32]:
    """All ``count`` slices from those at ``indices`` (rising or falling), linear in between and constant beyond."""
    order = np.argsort(indices, kind="stable")
    at = np.interp(np.arange(count), indices[order], np.arange(len(indices)))
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(indices) - 1)
    share = (at - low).astype(np.float32)[:, None, None]
    ordered = planes[order]
    slices = ordered[low] * (1 - share) + ordered[high] * share
    return np.ascontiguousarray(np.moveaxis(slices, 0, axis), dtype=np.float32)

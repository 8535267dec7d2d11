"""The lesions of a mask: its connected parts, or the part that a point names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.deepest import deepest_point
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume

_TOUCHING = np.ones((3, 3, 3), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion.

    Attributes:
        mask: uint8 0/1, the tight crop of the lattice around it.
        point_mm: the given point, or the voxel farthest from its border, RAS mm.
        value: its value in the mask it was found in.
    """

    mask: Volume
    point_mm: Point
    value: int


def lesions_of(mask: Volume, points_mm: Sequence[Point] = (), reach_mm: float = 5.0) -> tuple[Lesion, ...]:
    """The lesions of a mask (0 is background).

    Without points: for each value the parts that touch by face, edge or corner, in the order of values.
    With points: for each point the part that holds it, or else the nearest one within ``reach_mm``.

    Raises:
        InputError: when no lesion lies within reach of a point.
    """
    parts = _parts(mask)
    if not points_mm:
        return tuple(Lesion(part, deepest_point(part), value) for part, value in parts)
    return tuple(_at(parts, point, reach_mm) for point in points_mm)


def _parts(mask: Volume) -> list[tuple[Volume, int]]:
    from scipy.ndimage import find_objects, label

    found: list[tuple[Volume, int]] = []
    values = np.unique(mask.array)
    for value in values[values != 0]:
        numbered, _ = label(mask.array == value, structure=_TOUCHING)
        for number, box in enumerate(find_objects(numbered), start=1):
            found.append((_cut(mask.geometry, numbered[box] == number, box), int(value)))
    return found


def _cut(geometry: Geometry, inside: NDArray[np.bool_], box: tuple[slice, ...]) -> Volume:
    i, j, k = (int(side.start) for side in box)
    return Volume(inside.astype(np.uint8), geometry.crop((i, j, k), inside.shape))


def _at(parts: list[tuple[Volume, int]], point_mm: Point, reach_mm: float) -> Lesion:
    distances = [_distance_mm(part, point_mm) for part, _ in parts]
    best = int(np.argmin(distances)) if distances else -1
    if best < 0 or distances[best] > reach_mm:
        raise InputError(
            "no lesion of the mask lies at the point",
            got=f"point {tuple(round(x, 1) for x in point_mm)} mm",
            expected=f"a lesion within {reach_mm:g} mm",
            hint=f"the nearest is {distances[best]:.1f} mm away" if best >= 0 else "the mask is empty",
        )
    return Lesion(parts[best][0], point_mm, parts[best][1])


def _distance_mm(part: Volume, point_mm: Point) -> float:
    """From the point to the nearest voxel of a part; 0 when the point lies in one."""
    voxels = np.argwhere(part.array)
    away = np.abs(voxels - np.asarray(part.geometry.ras_to_index(point_mm)))
    away = np.maximum(away - 0.5, 0) * np.asarray(part.geometry.spacing_mm)
    return float(np.sqrt((away**2).sum(axis=1)).min())

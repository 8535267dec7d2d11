"""Which mark belongs to which region of a stored label: the file of masks knows nothing of the marks that they were made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from .colours import colour, next_number
from .placing import ball_mm, centre_of
from .state import DONE, REGION, WAITING, Lesion, Point

if TYPE_CHECKING:
    from LesionLabLib.answers import Crop
    from LesionLabLib.scene import Mark, Region

#: A mark may lie beside its mask by this share of its size.
_REACH = 0.5
_LEAST_REACH_MM = 2.0


def paired(marks: Sequence[Mark], regions: Sequence[Region]) -> tuple[tuple[Lesion, Crop | None], ...]:
    """The lesions of a case that is opened, each with its mask.

    A region belongs to the nearest mark that lies in or close to it; equally near ones go in the order of their values.
    A mark without a region waits for its mask; a region without a mark is a lesion by itself.
    """
    region_of = _match(marks, regions)
    lesions: list[tuple[Lesion, Crop | None]] = []
    for place, mark in enumerate(marks):
        region = region_of.get(place)
        lesions.append((_of_mark(mark, region), None if region is None else region.crop))
    taken = {id(region) for region in region_of.values()}
    for region in regions:
        if id(region) not in taken:
            lesion = _of_region(region, next_number(tuple(lesion for lesion, _ in lesions)))
            lesions.append((lesion, region.crop))
    return tuple(lesions)


def _match(marks: Sequence[Mark], regions: Sequence[Region]) -> dict[int, Region]:
    distances = sorted(
        (distance_mm(region.crop, mark.point_mm), abs(place - number), place, number)
        for place, mark in enumerate(marks)
        for number, region in enumerate(regions)
    )
    found: dict[int, Region] = {}
    used: set[int] = set()
    for distance, _, place, number in distances:
        reach = max(_LEAST_REACH_MM, _REACH * (marks[place].size_mm or 0.0))
        if place not in found and number not in used and distance <= reach:
            found[place] = regions[number]
            used.add(number)
    return found


def distance_mm(crop: Crop, point_mm: Point) -> float:
    """From a point to the nearest voxel of a mask; 0 within it, up to half a voxel."""
    inside = np.argwhere(crop.voxels)
    if not len(inside):
        return float("inf")
    index = np.linalg.solve(crop.affine, [*point_mm, 1.0])[:3]
    steps = np.maximum(np.abs(inside - index) - 0.5, 0.0)
    spacing = np.linalg.norm(crop.affine[:3, :3], axis=0)
    return float(np.linalg.norm(steps * spacing, axis=1).min())


def _of_mark(mark: Mark, region: Region | None) -> Lesion:
    known = {field.name for field in fields(Lesion)}
    values = {field.name: getattr(mark, field.name) for field in fields(mark) if field.name in known}
    if region is None:
        # Without a mask there is nothing to be frozen.
        return Lesion(**{**values, "frozen": False, "status": WAITING})
    return Lesion(**values, status=DONE, volume_mm3=_volume_mm3(region.crop))


def _of_region(region: Region, number: int) -> Lesion:
    volume_mm3 = _volume_mm3(region.crop)
    return Lesion(
        f"region-{region.value}",
        f"Lesion {number}",
        REGION,
        centre_of(region.crop),
        size_mm=ball_mm(volume_mm3),
        colour=colour(number),
        status=DONE,
        volume_mm3=volume_mm3,
    )


def _volume_mm3(crop: Crop) -> float:
    return float(np.count_nonzero(crop.voxels)) * abs(float(np.linalg.det(crop.affine[:3, :3])))

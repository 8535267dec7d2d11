"""The request of a MONAI Label client: our own fields, or the clicks of the stock DeepGrow panel.

The panel sends all clicks of a segment as voxel indices [i, j, k] of the image, rounded to whole voxels, in
``foreground`` and ``background``, and with them the size from the task's configuration (its options table lets the
reader change it). One click is the lesion's point. Several clicks lie on one lesion: their centre is the point, and the
size is at least the distance between the two that lie farthest apart.
"""

from __future__ import annotations

import math
from itertools import combinations

from pydantic import Field

from lesionlab.checked import checked, shown
from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry, Point
from lesionlab.kinds.kind import Json
from lesionlab.kinds.shape.task import PointMm, Positive, ShapeRequest, ShapeTask
from lesionlab.task import Frozen

Voxel = tuple[float, float, float]
# Rounding in the client may step over the outermost voxel's far face.
_SLACK_VOXELS = 1.0


class StockRequest(Frozen):
    """The clicks of the stock DeepGrow panel.

    Attributes:
        foreground: voxels [i, j, k] in the lesion.
        background: voxels [i, j, k] that do not belong to it.
        size_mm: the longest diameter, mm; the task's default when it is left out.
        probability: whether the probability map is wanted too.
    """

    foreground: tuple[Voxel, ...] = Field(min_length=1, max_length=64)
    background: tuple[Voxel, ...] = Field(default=(), max_length=64)
    size_mm: Positive | None = None
    probability: bool = False


def request_from_params(task: ShapeTask, params: Json, geometry: Geometry) -> ShapeRequest:
    """The request that ``params`` mean on a lattice.

    Args:
        task: gives the size for clients that send none with their voxel clicks.
        params: fields of ``ShapeRequest``, or of ``StockRequest``.
        geometry: the lattice of the image.

    Raises:
        InputError: names the field, what was got and what was expected.
    """
    if "foreground" in params or "background" in params:
        return _from_clicks(task, params, geometry)
    return checked(ShapeRequest, params, "params")


def check_fits(task: ShapeTask, request: ShapeRequest, geometry: Geometry) -> None:
    """Refuse points outside the image and sizes that it cannot hold.

    Raises:
        InputError: names the field, what was got and what was expected.
    """
    points = [("point_mm", request.point_mm), *((f"exclude_mm.{n}", p) for n, p in enumerate(request.exclude_mm))]
    for name, point in points:
        if not geometry.contains(point):
            raise InputError(f"{name} lies outside the image", got=shown(list(point)), expected=_box(geometry))
    size, largest = request.size_mm, max(geometry.extent_mm)
    if size is not None and not task.size_mm.minimum <= size <= largest:
        raise InputError(
            "size_mm does not fit the image", got=f"{size} mm", expected=f"{task.size_mm.minimum} to {largest:.1f} mm"
        )


def _from_clicks(task: ShapeTask, params: Json, geometry: Geometry) -> ShapeRequest:
    if "point_mm" in params or "exclude_mm" in params:
        raise InputError(
            "params mix points in mm with voxel clicks",
            got=shown(sorted(params)),
            expected="either point_mm and exclude_mm, or foreground and background",
        )
    clicks = checked(StockRequest, params, "params")
    inside = [_to_ras("foreground", voxel, geometry) for voxel in clicks.foreground]
    outside = tuple(_to_ras("background", voxel, geometry) for voxel in clicks.background)
    largest = max(geometry.extent_mm)
    size = clicks.size_mm if clicks.size_mm is not None else min(task.size_mm.default, largest)
    farthest = min(max((math.dist(a, b) for a, b in combinations(inside, 2)), default=0.0), largest)
    return ShapeRequest(
        point_mm=_centre(inside), size_mm=max(size, farthest), exclude_mm=outside, probability=clicks.probability
    )


def _to_ras(name: str, voxel: Voxel, geometry: Geometry) -> PointMm:
    clamped = []
    for index, count in zip(voxel, geometry.shape, strict=True):
        if not -0.5 - _SLACK_VOXELS <= index <= count - 0.5 + _SLACK_VOXELS:
            raise InputError(
                f"a {name} click lies outside the image",
                got=shown(list(voxel)),
                expected=f"voxel indices [i, j, k] within 0..{[n - 1 for n in geometry.shape]}",
            )
        clamped.append(min(max(index, 0.0), count - 1.0))
    return geometry.index_to_ras((clamped[0], clamped[1], clamped[2]))


def _centre(points: list[PointMm]) -> Point:
    r, a, s = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    return r, a, s


def _box(geometry: Geometry) -> str:
    corners = [geometry.index_to_ras(_corner(n, geometry)) for n in range(8)]
    ranges = [f"{min(axis):.1f}..{max(axis):.1f}" for axis in zip(*corners, strict=True)]
    return f"RAS mm within R {ranges[0]}, A {ranges[1]}, S {ranges[2]}"


def _corner(number: int, geometry: Geometry) -> Point:
    i, j, k = (count - 0.5 if number >> axis & 1 else -0.5 for axis, count in enumerate(geometry.shape))
    return i, j, k

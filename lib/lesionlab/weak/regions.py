"""What a structured report draws: SCOORD and SCOORD3D shapes, and the weak label that each means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Point
from lesionlab.weak.label import Circle, Contours, Ellipsoid, PointSize, RecistLine, Sphere, WeakLabel

_EQUAL = 0.01  # axes that differ by less belong to a circle or a sphere


@dataclass(frozen=True, eq=False)
class Drawn:
    """A shape of a report.

    Attributes:
        kind: DICOM's graphic type: POINT, POLYLINE, POLYGON, CIRCLE, ELLIPSE, ELLIPSOID, MULTIPOINT.
        points_mm: (n, 3) RAS mm.
        normal: of the slice that it was drawn on (RAS), or None.
    """

    kind: str
    points_mm: FloatArray
    normal: FloatArray | None


def label_of(drawn: Sequence[Drawn], diameter_mm: float | None, shared: dict[str, Any], place: str) -> WeakLabel:
    """The label that the shapes of one measurement group mean together.

    Raises:
        InputError: no shape, or one that means no label.
    """
    lines = sorted((one for one in drawn if _is_line(one)), key=_length, reverse=True)
    if lines and len(lines) == len(drawn):
        return _line(lines, shared)
    outlines = [one for one in drawn if one.kind in ("POLYGON", "POLYLINE") and len(one.points_mm) >= 3]
    if outlines:
        return Contours(contours_mm=tuple(_corners(one) for one in outlines), **shared)
    first = drawn[0]
    points = first.points_mm
    if first.kind == "POINT":
        return PointSize(point_mm=triple(points[0]), size_mm=diameter_mm, **shared)
    if first.kind == "CIRCLE" and first.normal is not None:
        radius = float(np.linalg.norm(points[1] - points[0]))
        return Circle(center_mm=triple(points[0]), normal=triple(first.normal), diameter_mm=2 * radius, **shared)
    if first.kind in ("ELLIPSE", "ELLIPSOID") and len(points) in (4, 6):
        return _ellipse(points, shared)
    raise InputError(
        f"{place} draws what is no weak label",
        got=f"{first.kind} of {len(points)} points",
        expected="POINT, a line, a closed outline, CIRCLE, ELLIPSE or ELLIPSOID",
    )


def triple(values: FloatArray) -> Point:
    """Three numbers as a point."""
    r, a, s = (float(value) for value in values)
    return r, a, s


def _is_line(one: Drawn) -> bool:
    return one.kind == "POLYLINE" and len(one.points_mm) == 2


def _length(one: Drawn) -> float:
    return float(np.linalg.norm(one.points_mm[1] - one.points_mm[0]))


def _line(lines: Sequence[Drawn], shared: dict[str, Any]) -> RecistLine:
    start, end = lines[0].points_mm
    short = None if len(lines) == 1 else (triple(lines[1].points_mm[0]), triple(lines[1].points_mm[1]))
    return RecistLine(start_mm=triple(start), end_mm=triple(end), short_mm=short, **shared)


def _corners(one: Drawn) -> tuple[Point, ...]:
    points = one.points_mm
    closed = len(points) > 3 and np.allclose(points[0], points[-1], atol=1e-3)
    return tuple(triple(point) for point in (points[:-1] if closed else points))


def _ellipse(points: FloatArray, shared: dict[str, Any]) -> WeakLabel:
    """From the ends of two or three axes."""
    center = points.mean(axis=0)
    halves = (points[1::2] - points[::2]) / 2
    lengths = np.linalg.norm(halves, axis=1)
    if np.ptp(lengths) > _EQUAL * lengths.max():
        axes: Any = tuple(triple(half) for half in halves)
        return Ellipsoid(center_mm=triple(center), half_axes_mm=axes, **shared)
    diameter = 2 * float(lengths.mean())
    if len(halves) == 3:
        return Sphere(center_mm=triple(center), diameter_mm=diameter, **shared)
    normal = np.cross(halves[0], halves[1])
    return Circle(
        center_mm=triple(center), normal=triple(normal / np.linalg.norm(normal)), diameter_mm=diameter, **shared
    )

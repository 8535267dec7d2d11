"""Which control points a mark has, and what mark dragged control points mean. Nothing of MRML here; world mm throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .values import CIRCLE, LINE, Mark, Point

_CIRCLE_POINTS = 8
#: A control point within this distance of where it was has not moved.
_STILL_MM = 1e-6
#: How far, as a share of the radius, the points of a circle may lie off it.
_ROUND = 0.05
_SMALLEST_MM = 0.01


def body_points(mark: Mark) -> tuple[Point, ...]:
    """The control points of a mark's markup: a line's ends, points round a circle, or else the centre."""
    if mark.shape == LINE and mark.ends_mm is not None:
        return mark.ends_mm
    if mark.shape == CIRCLE and mark.size_mm is not None:
        return circle_points(mark.point_mm, mark.size_mm, 2 if mark.normal_axis is None else mark.normal_axis)
    return (mark.point_mm,)


def handle_point(mark: Mark, towards: Point | None = None) -> Point | None:
    """Where the handle lies that sets a sphere's size: on its border, in the direction of ``towards``; None without a size."""
    if mark.size_mm is None or len(body_points(mark)) != 1:
        return None
    way = np.subtract(towards, mark.point_mm) if towards is not None else np.zeros(3)
    length = float(np.linalg.norm(way))
    way = way / length if length > _STILL_MM else np.array([1.0, 0.0, 0.0])
    return _point(np.asarray(mark.point_mm) + way * mark.size_mm / 2)


def moved(mark: Mark, body: Sequence[Point]) -> Mark:
    """The mark after its control points were dragged to ``body``."""
    if mark.shape == LINE and len(body) == 2:
        return line(mark, body[0], body[1])
    before = body_points(mark)
    if mark.shape == CIRCLE and len(body) == len(before) > 1:
        return _moved_circle(mark, before, body)
    return replace(mark, point_mm=body[0])


def resized(mark: Mark, handle: Point) -> Mark:
    """The sphere after its handle was dragged: its border goes through the handle."""
    return replace(mark, size_mm=max(2 * math.dist(mark.point_mm, handle), _SMALLEST_MM), size_given=True)


def line(mark: Mark, start: Point, end: Point) -> Mark:
    """The mark as a line between two points."""
    middle = _point((np.asarray(start) + end) / 2)
    size = max(math.dist(start, end), _SMALLEST_MM)
    return replace(mark, shape=LINE, point_mm=middle, ends_mm=(start, end), size_mm=size, size_given=True)


def circle_points(centre: Point, diameter: float, normal_axis: int) -> tuple[Point, ...]:
    """Points round a circle upright on an axis."""
    first, second = (axis for axis in range(3) if axis != normal_axis)
    found = []
    for number in range(_CIRCLE_POINTS):
        angle = 2 * math.pi * number / _CIRCLE_POINTS
        point = list(centre)
        point[first] += diameter / 2 * math.cos(angle)
        point[second] += diameter / 2 * math.sin(angle)
        found.append((point[0], point[1], point[2]))
    return tuple(found)


def circle_through(points: Sequence[Point]) -> tuple[Point, float, int] | None:
    """Centre, diameter and nearest normal axis of the circle that evenly placed points lie on; None when they lie on none."""
    if len(points) < 3:
        return None
    places = np.asarray(points, dtype=float)
    centre = places.mean(axis=0)
    radii = np.linalg.norm(places - centre, axis=1)
    radius = float(radii.mean())
    _, spread, axes = np.linalg.svd(places - centre, full_matrices=False)
    if radius <= 0 or np.abs(radii - radius).max() > _ROUND * radius or spread[2] > _ROUND * radius:
        return None
    return _point(centre), 2 * radius, int(np.argmax(np.abs(axes[2])))


def _moved_circle(mark: Mark, before: Sequence[Point], body: Sequence[Point]) -> Mark:
    """One point dragged sets the radius; all points moved together move the circle."""
    dragged = [now for was, now in zip(before, body) if math.dist(was, now) > _STILL_MM]
    if not dragged:
        return mark
    if len(dragged) == 1:
        radius = math.dist(mark.point_mm, dragged[0])
        return replace(mark, size_mm=max(2 * radius, _SMALLEST_MM), size_given=True)
    centre = np.mean(body, axis=0)
    radius = float(np.linalg.norm(np.asarray(body) - centre, axis=1).mean())
    if abs(2 * radius - (mark.size_mm or 0.0)) < _STILL_MM:
        return replace(mark, point_mm=_point(centre))
    return replace(mark, point_mm=_point(centre), size_mm=max(2 * radius, _SMALLEST_MM), size_given=True)


def _point(values: np.ndarray) -> Point:
    r, a, s = (float(value) for value in values)
    return r, a, s

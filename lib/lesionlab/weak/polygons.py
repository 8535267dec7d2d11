"""Outlines in parallel planes, as a region: even-odd within a plane, each plane good for the slab round it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Point
from lesionlab.weak.shapes import Region

_SAME_PLANE_MM = 0.01
_FLAT_MM = 0.1


def stacked(contours_mm: Sequence[Sequence[Point]], thickness_mm: float) -> Region:
    """The region that closed outlines enclose.

    Points of a slab belong to the nearest plane, at most half the distance of neighbouring planes away; inside is where
    a ray crosses the plane's outlines an odd number of times, so that an outline within another is a hole, and an
    outline that runs in and out along one line (a keyhole) encloses a hole too.

    Args:
        contours_mm: closed polygons, RAS mm, in parallel planes.
        thickness_mm: of the slab when all outlines lie in one plane.

    Raises:
        InputError: an outline is not flat, or two are not parallel.
    """
    outlines = [np.asarray(contour, dtype=float) for contour in contours_mm]
    normal = _normal(max(outlines, key=_area))
    depths = [_depth(outline, normal) for outline in outlines]
    planes = _planes(np.array(depths))
    half = (float(np.diff(planes).min()) if len(planes) > 1 else thickness_mm) / 2
    u, v = _in_plane(normal)
    flat = [np.stack([outline @ u, outline @ v], axis=1) for outline in outlines]
    of_plane = [int(np.abs(planes - depth).argmin()) for depth in depths]

    def inside(points: FloatArray) -> NDArray[np.bool_]:
        depth = points @ normal
        nearest = np.searchsorted((planes[1:] + planes[:-1]) / 2, depth)
        near = np.abs(depth - planes[nearest]) <= half
        places = np.stack([points @ u, points @ v], axis=1)
        found = np.zeros(len(points), dtype=bool)
        for plane, outline in zip(of_plane, flat, strict=True):
            chosen = near & (nearest == plane)
            found[chosen] ^= _enclosed(places[chosen], outline)
        return found

    every = np.concatenate(outlines)
    return Region(inside, np.concatenate([every - normal * half, every + normal * half]))


def _enclosed(points: FloatArray, outline: FloatArray) -> NDArray[np.bool_]:
    """Even-odd rule, one edge at a time; an edge that is run through twice cancels itself exactly."""
    odd = np.zeros(len(points), dtype=bool)
    x, y = points[:, 0], points[:, 1]
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        # Both directions of an edge must give the same rounding.
        low, high = (a, b) if a[1] <= b[1] else (b, a)
        if low[1] == high[1]:
            continue
        crosses = (low[1] <= y) & (y < high[1])
        odd ^= crosses & (x < low[0] + (y - low[1]) * (high[0] - low[0]) / (high[1] - low[1]))
    return odd


def _newell(outline: FloatArray) -> FloatArray:
    return np.asarray(np.cross(outline, np.roll(outline, -1, axis=0)).sum(axis=0) / 2)


def _area(outline: FloatArray) -> float:
    return float(np.linalg.norm(_newell(outline - outline[0])))


def _normal(outline: FloatArray) -> FloatArray:
    normal = _newell(outline - outline[0])
    length = float(np.linalg.norm(normal))
    if length == 0.0:
        raise InputError("no contour encloses an area", expected="at least one that does")
    return normal / length


def _depth(outline: FloatArray, normal: FloatArray) -> float:
    along = outline @ normal
    if np.ptp(along) > _FLAT_MM:
        raise InputError(
            "a contour does not lie in a plane parallel to the others",
            got=f"points {np.ptp(along):.2f} mm apart across the plane",
            expected=f"at most {_FLAT_MM} mm",
        )
    return float(along.mean())


def _planes(depths: FloatArray) -> FloatArray:
    """Distinct depths, ascending."""
    ordered = np.sort(depths)
    return np.asarray(ordered[np.concatenate([[True], np.diff(ordered) > _SAME_PLANE_MM])])


def _in_plane(normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    helper = np.eye(3)[int(np.abs(normal).argmin())]
    u = np.cross(normal, helper)
    u /= np.linalg.norm(u)
    return u, np.cross(normal, u)

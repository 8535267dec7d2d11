"""What CIRCUS DB's annotations mean as weak labels.

Its coordinates are mm of the volume: axes along columns, rows and slices, zero at the outer corner of the first voxel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lesionlab.image.geometry import FloatArray, Geometry, Point
from lesionlab.store.circus_model import Data, FlatData, PointData, PolylineData, RulerData, SolidData
from lesionlab.weak.label import Circle, Contours, Ellipsoid, PointSize, RecistLine, Sphere, WeakLabel

_EQUAL = 0.01


def to_ras(place_mm: tuple[float, ...] | FloatArray, lattice: Geometry) -> Point:
    """From mm of the volume to RAS mm."""
    index = np.asarray(place_mm, dtype=float) / np.asarray(lattice.spacing_mm) - 0.5
    return lattice.index_to_ras((float(index[0]), float(index[1]), float(index[2])))


def weak_label(data: Data, lattice: Geometry, shared: dict[str, Any]) -> WeakLabel | None:
    """The weak label of an annotation; None for an open polyline, and for voxels, which are a mask.

    Args:
        data: what was drawn.
        lattice: of the volume (x, y, z) it was drawn on.
        shared: image, patient, reader and name.

    Raises:
        InputError: a shape without extent.
    """
    unit = (lattice.affine[:3, :3] / np.asarray(lattice.spacing_mm)).T
    match data:
        case SolidData(type=kind, min=low, max=high):
            halves = (np.asarray(high) - np.asarray(low)) / 2
            center = to_ras((np.asarray(high) + np.asarray(low)) / 2, lattice)
            if kind == "ellipsoid" and np.ptp(halves) <= _EQUAL * halves.max():
                return Sphere(center_mm=center, diameter_mm=2 * float(halves.mean()), **shared)
            axes: Any = tuple(_triple(axis * half) for axis, half in zip(unit, halves, strict=True))
            return Ellipsoid(center_mm=center, half_axes_mm=axes, outline=_outline(kind), **shared)
        case FlatData(type=kind, min=low, max=high, z=z):
            halves = (np.asarray(high) - np.asarray(low)) / 2
            middle = (np.asarray(high) + np.asarray(low)) / 2
            center = to_ras((float(middle[0]), float(middle[1]), z), lattice)
            if kind == "ellipse" and np.ptp(halves) <= _EQUAL * halves.max():
                normal = np.cross(unit[0], unit[1])
                return Circle(center_mm=center, normal=_triple(normal), diameter_mm=2 * float(halves.mean()), **shared)
            axes = tuple(_triple(axis * half) for axis, half in zip(unit[:2], halves, strict=True))
            return Ellipsoid(center_mm=center, half_axes_mm=axes, outline=_outline(kind), **shared)
        case PointData(location=location, point=point):
            place = location or point
            return None if place is None else PointSize(point_mm=to_ras(place, lattice), **shared)
        case RulerData(start=start, end=end):
            return RecistLine(start_mm=to_ras(start, lattice), end_mm=to_ras(end, lattice), **shared)
        case PolylineData(points=points, z=z, closed=True) if len(points) >= 3:
            return Contours(contours_mm=(tuple(to_ras((x, y, z), lattice) for x, y in points),), **shared)
    return None


def _outline(kind: str) -> Any:
    return "box" if kind in ("cuboid", "rectangle") else "ellipsoid"


def _triple(values: FloatArray) -> Point:
    r, a, s = (float(value) for value in values)
    return r, a, s

"""The point and the size that a weak label amounts to: what a reader would have clicked."""

from __future__ import annotations

import math

import numpy as np

from lesionlab.image.geometry import FloatArray, Point
from lesionlab.weak.label import Circle, Ellipsoid, PointSize, RecistLine, Sphere, WeakLabel


def point_and_size(label: WeakLabel) -> tuple[Point, float | None] | None:
    """A point in the lesion (RAS mm) and its longest diameter in mm, as far as the label alone tells.

    None for an isodose, contours and presence: these tell where a lesion is only on an image.
    """
    match label:
        case PointSize(point_mm=point, size_mm=size):
            return point, size
        case Sphere(center_mm=center, diameter_mm=diameter) | Circle(center_mm=center, diameter_mm=diameter):
            return center, diameter
        case RecistLine(start_mm=start, end_mm=end):
            return _point((np.asarray(start) + np.asarray(end)) / 2), label.length_mm
        case Ellipsoid(center_mm=center, half_axes_mm=axes):
            return center, 2 * max(math.hypot(*axis) for axis in axes)
        case _:
            return None


def _point(values: FloatArray) -> Point:
    r, a, s = (float(x) for x in values)
    return r, a, s

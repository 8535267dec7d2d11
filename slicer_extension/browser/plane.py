"""From a pixel of a slice view to a point of the patient, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from slicer import vtkMRMLSliceNode

if TYPE_CHECKING:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

#: R, A, S in mm.
Point = tuple[float, float, float]
#: Column from the left and row from the bottom of a view, in its render window's pixels; pixel centres are whole numbers.
Pixel = tuple[float, float]


def point_at(node: vtkMRMLSliceNode, pixel: Pixel) -> Point:
    """RAS mm of a pixel of a slice view."""
    found = matrix(node.GetXYToRAS()) @ np.array([pixel[0], pixel[1], 0.0, 1.0])
    return float(found[0]), float(found[1]), float(found[2])


def pixel_at(node: vtkMRMLSliceNode, point_mm: Point) -> tuple[Pixel, float]:
    """The pixel under which a point lies, and how far it is in front of the slice, mm."""
    x, y, z, _ = np.linalg.solve(matrix(node.GetXYToRAS()), np.array([*point_mm, 1.0]))
    depth_mm = float(z) * float(np.linalg.norm(matrix(node.GetXYToRAS())[:3, 2]))
    return (float(x), float(y)), depth_mm


def distance_mm(a: Point, b: Point) -> float:
    """How far two points are from each other."""
    return float(np.linalg.norm(np.subtract(a, b)))


def normal_axis(node: vtkMRMLSliceNode) -> int:
    """The patient axis (0 = R, 1 = A, 2 = S) that the slice lies across, to the nearest."""
    return int(np.argmax(np.abs(matrix(node.GetSliceToRAS())[:3, 2])))


def matrix(source: vtkMatrix4x4) -> np.ndarray:
    """The 4 x 4 numbers of a VTK matrix."""
    return np.array([[source.GetElement(row, column) for column in range(4)] for row in range(4)])

"""Between VTK's matrices and images and numpy's arrays. Arrays are (i, j, k); VTK keeps i fastest in memory."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util import numpy_support

from .values import Point


def array_of(matrix: vtk.vtkMatrix4x4) -> np.ndarray:
    """A 4x4 array of a matrix."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def matrix_of(array: np.ndarray) -> vtk.vtkMatrix4x4:
    """A matrix of a 4x4 array."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy([float(value) for value in np.asarray(array).ravel()])
    return matrix


def transform_of(array: np.ndarray) -> vtk.vtkTransform:
    """A transform of a 4x4 array."""
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix_of(array))
    return transform


def voxels_of(image: vtk.vtkImageData) -> np.ndarray:
    """The voxels (i, j, k), or (i, j, k, component) of a colour image: a view, no copy."""
    i, j, k = image.GetDimensions()
    values = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
    if values.ndim == 1:
        return values.reshape(k, j, i).T
    return values.reshape(k, j, i, -1).transpose(2, 1, 0, 3)


def fill(image: vtk.vtkImageData, voxels: np.ndarray, origin_index: tuple[int, int, int] = (0, 0, 0)) -> None:
    """Give an image a copy of the voxels (i, j, k); ``origin_index`` is the index of the first."""
    first = origin_index
    last = [start + size - 1 for start, size in zip(first, voxels.shape)]
    image.SetExtent(first[0], last[0], first[1], last[1], first[2], last[2])
    values = np.ascontiguousarray(voxels.T).ravel()
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(values, deep=True))


def apply(affine: np.ndarray, point: Point) -> Point:
    """A point through a 4x4."""
    x, y, z = (affine @ (*point, 1.0))[:3]
    return float(x), float(y), float(z)


def moved(affine: np.ndarray, origin_index: tuple[int, int, int]) -> np.ndarray:
    """The affine of a crop of a lattice: its first voxel is ``origin_index`` of the lattice."""
    crop = affine.copy()
    crop[:3, 3] = apply(affine, origin_index)
    return crop

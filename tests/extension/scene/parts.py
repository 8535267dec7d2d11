"""Scenes, volumes and crops for the tests of the scene."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from LesionLabLib.answers import Crop


def rotation(axis: tuple[float, float, float], degrees: float) -> np.ndarray:
    turn = vtk.vtkTransform()
    turn.RotateWXYZ(degrees, *axis)
    return np.array([[turn.GetMatrix().GetElement(r, c) for c in range(3)] for r in range(3)])


def affine_of(axes: np.ndarray, spacing: tuple[float, float, float], origin: tuple[float, float, float]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = axes * spacing
    affine[:3, 3] = origin
    return affine


STRAIGHT = affine_of(np.eye(3), (1, 1, 1), (0, 0, 0))
FLIPPED = affine_of(np.diag([-1.0, -1.0, 1.0]), (0.7, 0.7, 2.5), (90.0, 70.5, -31.25))
LEFT_HANDED = affine_of(np.diag([-1.0, 1.0, 1.0]), (0.5, 0.8, 3.0), (12.0, -40.0, 5.0))
OBLIQUE = affine_of(rotation((1, 2, 0.5), 27.0), (0.6, 0.9, 2.0), (-20.0, 33.0, 7.5))
PERMUTED = affine_of(rotation((0, 1, 0.1), 12.0) @ np.eye(3)[:, [2, 0, 1]], (1.1, 0.4, 0.8), (3.0, 4.0, 5.0))
LATTICES = {
    "straight": STRAIGHT,
    "flipped": FLIPPED,
    "left-handed": LEFT_HANDED,
    "oblique": OBLIQUE,
    "permuted": PERMUTED,
}


def matrix(array: np.ndarray) -> vtk.vtkMatrix4x4:
    made = vtk.vtkMatrix4x4()
    made.DeepCopy(list(array.ravel()))
    return made


def add_volume(scene, voxels: np.ndarray, affine: np.ndarray, name: str = "image"):
    """A volume node made with VTK alone: what the scene code reads is not made by it."""
    image = vtk.vtkImageData()
    image.SetDimensions(*voxels.shape[:3])
    flat = voxels.transpose(2, 1, 0, *range(3, voxels.ndim)).reshape(-1, *voxels.shape[3:])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(np.ascontiguousarray(flat), deep=True))
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode" if voxels.ndim == 4 else "vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(matrix(affine))
    node.SetAndObserveImageData(image)
    node.CreateDefaultDisplayNodes()
    return node


def put_under(scene, node, world: np.ndarray):
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    parent.SetMatrixTransformToParent(matrix(world))
    node.SetAndObserveTransformNodeID(parent.GetID())
    return parent


def ramp(shape: tuple[int, int, int]) -> np.ndarray:
    """Voxel (i, j, k) has value i + 100 j + 10000 k mod 32749."""
    i, j, k = np.indices(shape)
    return ((i + 100 * j + 10000 * k) % 32749).astype(np.int16)


def at(affine: np.ndarray, *index: float) -> tuple[float, float, float]:
    r, a, s = (affine @ (*index, 1.0))[:3]
    return float(r), float(a), float(s)


def crop_at(affine: np.ndarray, origin: tuple[int, int, int], voxels: np.ndarray) -> Crop:
    own = affine.copy()
    own[:3, 3] = at(affine, *origin)
    return Crop(origin, own, voxels)


def block(affine: np.ndarray, low: tuple[int, int, int], high: tuple[int, int, int]) -> Crop:
    """All voxels from ``low`` to ``high``, both included."""
    return crop_at(affine, low, np.ones([b - a + 1 for a, b in zip(low, high, strict=True)], dtype=np.uint8))


def new_scene():
    return slicer.vtkMRMLScene()


def nodes_of(scene) -> list:
    return [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]

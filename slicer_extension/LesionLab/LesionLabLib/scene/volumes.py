"""Volumes of the scene: read from a file, measured, fingerprinted, written where they stand in the world."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import vtk

from LesionLabLib.errors import LocalFault

from . import pictures
from .errors import SceneError
from .image_files import write_image
from .matrices import array_of, voxels_of
from .nodes import new_node, nodes_of_class, remove_node
from .values import VolumeRef

_GREY = "vtkMRMLColorTableNodeGrey"  # one of every Slicer's own colour tables
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


class Volumes:
    """The volumes of one scene.

    Args:
        scene: The MRML scene.
    """

    def __init__(self, scene) -> None:
        self._scene = scene
        self._fingerprints: dict[str, tuple[tuple, str]] = {}

    def load(self, path: Path) -> VolumeRef:
        """Read an image file.

        Raises:
            LocalFault: there is no such file.
            SceneError: it holds no image.
        """
        if not path.is_file():
            raise LocalFault(f"There is no file {path}.")
        name = self._scene.GenerateUniqueName(_name(path))
        if path.suffix.lower() in pictures.SUFFIXES:
            node = pictures.read_picture(self._scene, path, name)
        else:
            node = self._read(path, name)
        if node is None:
            raise SceneError(f"{path.name} holds no image that 3D Slicer can read.")
        if not node.IsA("vtkMRMLVectorVolumeNode"):
            node.GetDisplayNode().SetAndObserveColorNodeID(_GREY)
        return VolumeRef(node.GetID(), node.GetName())

    def node(self, node_id: str):
        """The volume node of that id.

        Raises:
            SceneError: it is gone, no volume, or empty.
        """
        node = self._scene.GetNodeByID(node_id) if node_id else None
        if node is None or not node.IsA("vtkMRMLVolumeNode"):
            raise SceneError("The image is no longer in the scene. Open it again.")
        if node.GetImageData() is None or node.GetImageData().GetNumberOfPoints() == 0:
            raise SceneError(f"The volume {node.GetName()} has no voxels.")
        return node

    def geometry(self, node_id: str) -> tuple[tuple[int, int, int], np.ndarray]:
        """Shape (i, j, k), and the affine from index to world RAS mm."""
        node = self.node(node_id)
        return node.GetImageData().GetDimensions(), to_world(node) @ own_affine(node)

    def fingerprint(self, node_id: str) -> str:
        """A digest of voxels and world geometry; quick when nothing was marked as modified since the last time."""
        node = self.node(node_id)
        shape, affine = self.geometry(node_id)
        image = node.GetImageData()
        scalars = image.GetPointData().GetScalars()
        state = (image.GetMTime(), scalars.GetMTime(), shape, affine.tobytes())
        known = self._fingerprints.get(node_id)
        if known is None or known[0] != state:
            voxels = voxels_of(image)
            digest = hashlib.blake2b(digest_size=16)
            digest.update(repr((voxels.dtype.str, voxels.shape)).encode())
            digest.update((affine + 0.0).tobytes())
            # The transpose of the view is VTK's own memory: nothing is copied.
            digest.update(np.ascontiguousarray(voxels.T if voxels.ndim == 3 else voxels.transpose(2, 1, 0, 3)).data)
            known = (state, digest.hexdigest())
            self._fingerprints[node_id] = known
        return known[1]

    def write(self, node_id: str, path: Path) -> None:
        """Write the image in world geometry; colours become luminance."""
        _, affine = self.geometry(node_id)
        write_image(path, grey(self.node(node_id)), affine)

    def show(self, node_id: str) -> None:
        """Show the volume as the background of every slice view."""
        for composite in nodes_of_class(self._scene, "vtkMRMLSliceCompositeNode"):
            composite.SetBackgroundVolumeID(node_id)

    def _read(self, path: Path, name: str):
        for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"):
            node = new_node(self._scene, kind, name)
            if read_file(self._scene, path, node):
                return node
            remove_node(self._scene, node)
        return None

    def forget(self, node_id: str) -> None:
        """Drop what was kept of a volume."""
        self._fingerprints.pop(node_id, None)


def read_file(scene, path: Path, node) -> bool:
    """Read a file into a volume node of the scene, on the file's own lattice; False when it cannot be."""
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetSingleFile(True)
    storage.SetCenterImage(False)
    if hasattr(storage, "SetForceRightHandedIJKCoordinateSystem"):
        # Slicer would turn the slices of some images round; labels must fit the file that the server has.
        storage.SetForceRightHandedIJKCoordinateSystem(False)
    storage.SetFileName(str(path))
    node.SetAndObserveStorageNodeID(storage.GetID())
    return bool(storage.ReadData(node)) and node.GetImageData() is not None


def own_affine(node) -> np.ndarray:
    """4x4 from index to the volume's own coordinates, parent transforms left out."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return array_of(matrix)


def to_world(node) -> np.ndarray:
    """4x4 from a node's own coordinates to the world.

    Raises:
        SceneError: a parent transform bends space.
    """
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise SceneError(f"{node.GetName()} lies under a transform that is not linear. Harden the transform first.")
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return array_of(matrix)


def grey(node) -> np.ndarray:
    """The voxels (i, j, k) of a volume; of a colour image, its luminance as uint8 or in its own type."""
    voxels = voxels_of(node.GetImageData())
    if voxels.ndim == 3:
        return voxels
    if voxels.shape[3] not in (3, 4):
        raise SceneError(
            f"{node.GetName()} has {voxels.shape[3]} values at each voxel; choose a grey or a colour image."
        )
    bright = voxels[..., :3] @ _LUMINANCE
    return bright.astype(voxels.dtype) if voxels.dtype.kind == "f" else np.rint(bright).astype(voxels.dtype)


def _name(path: Path) -> str:
    for suffix in (".nii.gz", ".mrk.json"):
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem

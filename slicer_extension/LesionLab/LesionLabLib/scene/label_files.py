"""Label files of the open image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer

from LesionLabLib.answers import Crop
from LesionLabLib.errors import LocalFault

from . import pictures
from .errors import SceneError
from .lattice import Shape, on_lattice, used_box
from .matrices import moved, voxels_of
from .values import Region
from .volumes import own_affine, read_file


def read_regions(path: Path, shape: Shape, affine: np.ndarray) -> tuple[Region, ...]:
    """The values of a label file, each as a tight crop of the image's lattice, in rising order.

    Args:
        path: A file that 3D Slicer reads as a volume.
        shape: The image's (i, j, k).
        affine: Its 4x4, index to world RAS mm.

    Raises:
        LocalFault: there is no such file.
        SceneError: it holds no labels, or those of another image.
    """
    if not path.is_file():
        raise LocalFault(f"There is no file {path}.")
    # A scene of its own: what is read does not show up in the user's.
    scene = slicer.vtkMRMLScene()
    if path.suffix.lower() in pictures.SUFFIXES:
        node = pictures.read_picture(scene, path, path.stem)
    else:
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
        node = node if read_file(scene, path, node) else None
    if node is None:
        raise SceneError(f"{path.name} holds no labels that 3D Slicer can read.")
    voxels = voxels_of(node.GetImageData())
    if voxels.ndim != 3 or voxels.shape != tuple(shape):
        raise SceneError(
            f"The labels {path.name} belong to another image: {_size(voxels.shape)} instead of {_size(shape)} voxels."
        )
    own = own_affine(node)
    # Most of a label file is background: look at the box of the rest only.
    box = used_box(voxels)
    if box is None:
        return ()
    inner, first = voxels[box], (box[0].start, box[1].start, box[2].start)
    found = []
    for value in np.unique(inner):
        if value != 0:
            crop = on_lattice(Crop(first, moved(own, first), inner == value), shape, affine)
            found.append(Region(int(value), crop))
    return tuple(found)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)

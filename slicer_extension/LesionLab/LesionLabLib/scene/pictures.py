"""Pictures (PNG, JPEG, BMP, TIFF) as volumes of one slice, where LesionLab's server and 3D Slicer put them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import vtk
from vtk.util import numpy_support

from .matrices import matrix_of, voxels_of

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
#: Axis i runs right along a row and j down, a pixel is 1 mm: pixel (x, y) lies at LPS (x, y, 0).
_AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_picture(scene, path: Path, name: str):
    """Read a picture into a new volume node, grey or RGB (transparency is dropped); None when it cannot be read."""
    factory = vtk.vtkImageReader2Factory()
    reader = factory.CreateImageReader2(str(path))
    if reader is None:
        return None
    failed: list[str] = []
    reader.AddObserver("ErrorEvent", lambda _reader, event: failed.append(event))
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    if failed or image.GetNumberOfPoints() == 0:
        return None
    voxels = voxels_of(image)
    channels = 1 if voxels.ndim == 3 or voxels.shape[3] < 3 else 3
    # VTK counts rows from the bottom. (k, j, i, channel), as VTK keeps it.
    rows = voxels.reshape(*voxels.shape[:3], -1)[:, ::-1, :, :channels].transpose(2, 1, 0, 3)
    upright = vtk.vtkImageData()
    upright.SetDimensions(*image.GetDimensions())
    pixels = np.ascontiguousarray(rows).reshape(-1, channels)
    upright.GetPointData().SetScalars(numpy_support.numpy_to_vtk(pixels, deep=True))
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode" if channels == 3 else "vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(matrix_of(_AFFINE))
    node.SetAndObserveImageData(upright)
    node.CreateDefaultDisplayNodes()
    return node

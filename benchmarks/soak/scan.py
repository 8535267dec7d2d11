"""A volume to work on."""

from __future__ import annotations

from typing import Any

import numpy as np


def add_scan(mrml: Any, shape: tuple[int, int, int], seed: int) -> str:
    """A volume of noise with a bright block; returns its MRML id."""
    import vtk
    from vtk.util import numpy_support

    voxels = np.random.default_rng(seed).normal(0, 10, shape).astype(np.int16)
    voxels[tuple(slice(n // 3, n // 2) for n in shape)] += 100
    image = vtk.vtkImageData()
    image.SetDimensions(*shape)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(voxels.transpose(2, 1, 0).ravel(), deep=True))
    node = mrml.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    node.SetSpacing(1.0, 1.0, 1.5)
    node.SetAndObserveImageData(image)
    return str(node.GetID())

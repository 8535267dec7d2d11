"""An isodose on the image's lattice."""

from __future__ import annotations

import numpy as np
import vtk

from LesionLabLib.answers import Crop

from .errors import SceneError
from .lattice import Shape, trimmed
from .matrices import transform_of, voxels_of
from .volumes import own_affine, to_world


def isodose(dose, percent: float, shape: Shape, affine: np.ndarray) -> Crop:
    """The voxels of an image where a dose volume, interpolated linearly, has at least ``percent`` of its largest value.

    Args:
        dose: A scalar volume node, on a lattice of its own; outside it the dose is 0.
        percent: Above 0, at most 100.
        shape: The image's (i, j, k).
        affine: Its 4x4, index to world RAS mm.

    Raises:
        SceneError: no such percentage, no dose, or nowhere in the image so much.
    """
    if not 0 < percent <= 100:
        raise SceneError(f"An isodose of {percent:g} % is none: choose more than 0 and at most 100 %.")
    largest = float(voxels_of(dose.GetImageData()).max())
    if not largest > 0:
        raise SceneError(f"{dose.GetName()} holds no dose: its largest value is {largest:g}.")
    to_dose = np.linalg.inv(to_world(dose) @ own_affine(dose)) @ affine
    # VTK interpolates in index space: the image's spacing and origin are told by the transform.
    bare = vtk.vtkImageData()
    bare.ShallowCopy(dose.GetImageData())
    bare.SetSpacing(1, 1, 1)
    bare.SetOrigin(0, 0, 0)
    sampled = vtk.vtkImageReslice()
    sampled.SetInputData(bare)
    sampled.SetResliceTransform(transform_of(to_dose))
    sampled.SetInterpolationModeToLinear()
    sampled.SetOutputScalarType(vtk.VTK_FLOAT)
    sampled.SetBackgroundLevel(0)
    sampled.BorderOn()  # half a voxel beyond the outer centres is still the outer voxel
    sampled.SetOutputSpacing(1, 1, 1)
    sampled.SetOutputOrigin(0, 0, 0)
    sampled.SetOutputExtent(0, shape[0] - 1, 0, shape[1] - 1, 0, shape[2] - 1)
    sampled.Update()
    level = np.float32(largest * percent / 100)
    crop = trimmed(voxels_of(sampled.GetOutput()) >= level, (0, 0, 0), shape, affine)
    if crop.voxels.size == 0:
        raise SceneError(f"Nowhere in the image does {dose.GetName()} reach {percent:g} % of its largest dose.")
    return crop

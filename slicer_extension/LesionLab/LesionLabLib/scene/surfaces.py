"""Surfaces of voxels in millimetres."""

from __future__ import annotations

import numpy as np
import vtk

from .matrices import fill, transform_of

#: Smoothing of a mask's surface: sweeps, and the highest share of spatial frequencies that stays.
_SWEEPS, _PASS_BAND = 15, 0.1


def isosurface(voxels: np.ndarray, affine: np.ndarray, level: float, smooth: bool = False) -> vtk.vtkPolyData:
    """The closed surface on which the voxels reach ``level``; the outside counts as 0.

    Args:
        voxels: (i, j, k), finite.
        affine: 4x4, index of the voxels to mm.
        level: Above 0.
        smooth: Whether to smooth away the steps of a mask.
    """
    if not (voxels >= level).any():
        return vtk.vtkPolyData()
    image = vtk.vtkImageData()
    fill(image, np.pad(voxels.astype(np.float32), 1), (-1, -1, -1))
    surface = vtk.vtkFlyingEdges3D()
    surface.SetInputData(image)
    surface.SetValue(0, level)
    surface.ComputeNormalsOff()
    surface.ComputeGradientsOff()
    last = surface
    if smooth:
        last = vtk.vtkWindowedSincPolyDataFilter()
        last.SetInputConnection(surface.GetOutputPort())
        last.SetNumberOfIterations(_SWEEPS)
        last.SetPassBand(_PASS_BAND)
        last.BoundarySmoothingOff()
        last.NonManifoldSmoothingOn()
        last.NormalizeCoordinatesOn()
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetInputConnection(last.GetOutputPort())
    placed.SetTransform(transform_of(affine))
    normals = vtk.vtkPolyDataNormals()
    normals.SplittingOff()
    normals.ConsistencyOn()
    normals.AutoOrientNormalsOn()  # a flipped lattice turns triangles inside out
    normals.SetInputConnection(placed.GetOutputPort())
    normals.Update()
    return normals.GetOutput()


def ball(centre_mm: tuple[float, float, float], diameter_mm: float) -> vtk.vtkPolyData:
    """A sphere."""
    source = vtk.vtkSphereSource()
    source.SetCenter(*centre_mm)
    source.SetRadius(diameter_mm / 2)
    source.SetThetaResolution(48)
    source.SetPhiResolution(25)
    source.Update()
    return source.GetOutput()

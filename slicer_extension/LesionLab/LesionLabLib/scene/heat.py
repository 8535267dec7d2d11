"""A heat map over the image: a layer in the slice views, nested isosurfaces (or a volume rendering) in 3D."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk

from LesionLabLib.answers import Crop

from .errors import SceneError
from .matrices import fill, matrix_of
from .nodes import new_node, nodes_of_class, remove_node
from .surfaces import isosurface

#: Where the nested surfaces lie between the threshold and the largest value, and how solid each is.
_SHELLS = ((0.0, 0.25), (0.4, 0.5), (0.75, 1.0))
#: Black body: value 0 to 1, red, green, blue.
_COLOURS = ((0.0, 0.2, 0.0, 0.0), (0.35, 0.9, 0.1, 0.0), (0.7, 1.0, 0.75, 0.0), (1.0, 1.0, 1.0, 0.8))


class HeatMap:
    """The one heat map of a scene.

    Args:
        scene: The MRML scene.
    """

    def __init__(self, scene) -> None:
        self._scene = scene
        self._opacity, self._threshold = 0.5, 0.5
        self._crop: Crop | None = None
        self._volume: Any = None
        self._colours: Any = None
        self._models: list = []
        self._rendering: list = []
        self._before: list[tuple] = []

    def show(self, crop: Crop, name: str) -> None:
        """Show a map; another one goes.

        Raises:
            SceneError: it has no value above 0.
        """
        voxels = np.nan_to_num(np.asarray(crop.voxels, dtype=np.float32), posinf=0.0, neginf=0.0)
        if not voxels.size or voxels.max() <= 0:
            raise SceneError(f"The map {name} is empty: no value in it is above 0.")
        rendered = bool(self._rendering)
        self.hide()
        self._crop = Crop(crop.origin_index, np.asarray(crop.affine, dtype=float), voxels)
        self._volume = self._new_volume(self._crop, name)
        self._models = [self._new_model(f"{name} {number}") for number in range(1, len(_SHELLS) + 1)]
        for composite in nodes_of_class(self._scene, "vtkMRMLSliceCompositeNode"):
            self._before.append((composite, composite.GetForegroundVolumeID(), composite.GetForegroundOpacity()))
            composite.SetForegroundVolumeID(self._volume.GetID())
        self._update(surfaces=True)
        if rendered:
            self.render_volume(True)

    def hide(self) -> None:
        """Take the map away; the slice views show what they showed before."""
        for composite, volume_id, opacity in self._before:
            if self._scene.IsNodePresent(composite):
                composite.SetForegroundVolumeID(volume_id)
                composite.SetForegroundOpacity(opacity)
        self._before = []
        for node in [*self._rendering, *self._models, self._volume, self._colours]:
            remove_node(self._scene, node)
        self._crop, self._volume, self._colours, self._models, self._rendering = None, None, None, [], []

    def set(self, opacity: float | None, threshold: float | None) -> None:
        """Set opacity and threshold, both 0 to 1; kept for the next map too."""
        moved = threshold is not None and threshold != self._threshold
        self._opacity = self._opacity if opacity is None else min(max(float(opacity), 0.0), 1.0)
        self._threshold = self._threshold if threshold is None else min(max(float(threshold), 0.0), 1.0)
        if self._crop is not None:
            self._update(surfaces=moved)

    def render_volume(self, visible: bool) -> None:
        """Render the map as a volume instead of isosurfaces, or no longer."""
        for node in self._rendering:
            remove_node(self._scene, node)
        self._rendering = []
        if visible and self._crop is not None:
            self._rendering = self._new_rendering()
        self._update(surfaces=False)

    def _update(self, surfaces: bool) -> None:
        if self._crop is None or not self._scene.IsNodePresent(self._volume):
            return
        top = float(self._crop.voxels.max())
        floor = max(self._threshold, 1e-3) * top
        display = self._volume.GetDisplayNode()
        display.SetThreshold(floor, top)
        display.ApplyThresholdOn()
        for composite, _, _ in self._before:
            composite.SetForegroundOpacity(self._opacity)
        for model, (share, solidity) in zip(self._models, _SHELLS):
            level = floor + share * (top - floor)
            if surfaces:
                # The last shell of a threshold at the top would be a point.
                level = min(level, 0.999 * top)
                model.SetAndObservePolyData(isosurface(self._crop.voxels, self._crop.affine, level))
                model.GetDisplayNode().SetColor(*_colour(level / top))
            model.GetDisplayNode().SetOpacity(self._opacity * solidity)
            model.GetDisplayNode().SetVisibility3D(not self._rendering)
        for node in self._rendering:
            if node.IsA("vtkMRMLVolumePropertyNode"):
                _shade(node.GetVolumeProperty(), floor, top, self._opacity)

    def _new_volume(self, crop: Crop, name: str):
        self._colours = new_node(self._scene, "vtkMRMLColorTableNode", "LesionLab heat", kept=False)
        self._colours.SetTypeToUser()
        self._colours.SetNumberOfColors(256)
        for number in range(256):
            self._colours.SetColor(number, f"{number / 255:.2f}", *_colour(number / 255), 1.0)
        node = new_node(self._scene, "vtkMRMLScalarVolumeNode", name)
        image = vtk.vtkImageData()
        fill(image, crop.voxels)
        node.SetIJKToRASMatrix(matrix_of(crop.affine))
        node.SetAndObserveImageData(image)
        display = node.GetDisplayNode()
        display.SetAndObserveColorNodeID(self._colours.GetID())
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(0.0, float(crop.voxels.max()))
        display.SetInterpolate(True)
        return node

    def _new_model(self, name: str):
        node = new_node(self._scene, "vtkMRMLModelNode", name, kept=False)
        display = node.GetDisplayNode()
        display.SetVisibility2D(False)
        display.SetBackfaceCulling(False)
        return node

    def _new_rendering(self) -> list:
        for known in (slicer.vtkMRMLVolumePropertyNode, slicer.vtkMRMLGPURayCastVolumeRenderingDisplayNode):
            if not self._scene.IsNodeClassRegistered(known.__name__):
                self._scene.RegisterNodeClass(known())
        shade = self._scene.AddNewNodeByClass("vtkMRMLVolumePropertyNode", "LesionLab heat")
        display = self._scene.AddNewNodeByClass("vtkMRMLGPURayCastVolumeRenderingDisplayNode", "LesionLab heat")
        for node in (shade, display):
            node.SetHideFromEditors(True)
            node.SetSaveWithScene(False)
        display.SetAndObserveVolumePropertyNodeID(shade.GetID())
        self._volume.AddAndObserveDisplayNodeID(display.GetID())
        return [display, shade]


def _colour(share: float) -> tuple[float, float, float]:
    places = [row[0] for row in _COLOURS]
    red, green, blue = (float(np.interp(share, places, [row[n] for row in _COLOURS])) for n in (1, 2, 3))
    return red, green, blue


def _shade(shade: vtk.vtkVolumeProperty, floor: float, top: float, opacity: float) -> None:
    colours, solid = vtk.vtkColorTransferFunction(), vtk.vtkPiecewiseFunction()
    for row in _COLOURS:
        colours.AddRGBPoint(row[0] * top, *row[1:])
    solid.AddPoint(0.0, 0.0)
    solid.AddPoint(floor, 0.0)
    solid.AddPoint(floor + 0.05 * (top - floor) + 1e-6, 0.3 * opacity)
    solid.AddPoint(top + 2e-6, opacity)
    shade.SetColor(colours)
    shade.SetScalarOpacity(solid)
    shade.SetInterpolationTypeToLinear()

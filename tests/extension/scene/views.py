"""Off-screen views of a whole Slicer, and pictures of them whose pixels have a place in the world."""

from __future__ import annotations

import ctypes.util

import numpy as np
import vtk
from trame_slicer.views import SliceView, ThreeDView
from trame_slicer.views.render_scheduler import NoScheduleRendering
from vtk.util import numpy_support

SIZE = 300


def has_offscreen_gl() -> bool:
    return any(ctypes.util.find_library(name) for name in ("EGL", "OSMesa"))


class Views:
    """An axial slice and a 3D view."""

    def __init__(self, app) -> None:
        self.axial = SliceView(app.scene, app.app_logic, "Red", NoScheduleRendering())
        self.space = ThreeDView(app.scene, app.app_logic, "3D", NoScheduleRendering())
        self.space.renderer().SetUseDepthPeeling(False)
        self.space.renderer().SetUseDepthPeelingForVolumes(False)
        for view in (self.axial, self.space):
            view.render_window().SetMultiSamples(0)
            view.render_window().SetSize(SIZE, SIZE)
        self.axial.set_orientation("Axial")
        node = self.space.get_view_node()
        node.SetBoxVisible(False)
        node.SetAxisLabelsVisible(False)

    def fit(self, centre: tuple[float, float, float], width_mm: float) -> None:
        """Look at a point; the slice is ``width_mm`` wide."""
        node = self.axial.get_view_node()
        self.axial._logic.ResizeSliceNode(SIZE, SIZE)
        node.SetFieldOfView(width_mm, width_mm, 1.0)
        node.JumpSliceByCentering(*centre)
        camera = self.space.renderer().GetActiveCamera()
        camera.SetFocalPoint(*centre)
        camera.SetPosition(centre[0], centre[1] + 200.0, centre[2])
        camera.SetViewUp(0, 0, 1)
        camera.SetParallelProjection(True)
        camera.SetParallelScale(width_mm / 2)
        self.space.renderer().ResetCameraClippingRange()

    def slice_picture(self) -> np.ndarray:
        """(x, y, rgb), 0 to 255; x to the right, y upwards."""
        return picture(self.axial)

    def space_picture(self) -> np.ndarray:
        self.space.renderer().ResetCameraClippingRange()
        return picture(self.space)

    def slice_places(self) -> np.ndarray:
        """(x, y, ras): where each pixel's centre lies."""
        matrix = self.axial.get_view_node().GetXYToRAS()
        to_ras = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(3)])
        x, y = np.indices((SIZE, SIZE))
        return np.einsum("ab,bxy->xya", to_ras, np.stack([x, y, np.zeros_like(x), np.ones_like(x)]))

    def space_pixel(self, point: tuple[float, float, float]) -> np.ndarray:
        """The pixel (x, y) of a point in the 3D view."""
        renderer = self.space.renderer()
        renderer.SetWorldPoint(*point, 1.0)
        renderer.WorldToDisplay()
        return np.array(renderer.GetDisplayPoint()[:2])


def picture(view) -> np.ndarray:
    view.render()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.render_window())
    grab.ReadFrontBufferOff()
    grab.Update()
    rgb = numpy_support.vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars())
    width, height, _ = grab.GetOutput().GetDimensions()
    return rgb.reshape(height, width, 3).transpose(1, 0, 2).astype(int)


def save(path, *pictures: np.ndarray) -> None:
    """Pictures side by side, as a PNG to look at."""
    whole = np.concatenate(pictures, axis=0).astype(np.uint8).transpose(1, 0, 2)
    image = vtk.vtkImageData()
    image.SetDimensions(whole.shape[1], whole.shape[0], 1)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(np.ascontiguousarray(whole).reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(image)
    writer.Write()

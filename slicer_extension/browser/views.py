"""The four views: axial, coronal, sagittal and 3D, drawn off-screen and sent to the page as pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from trame_slicer.rca_view import RemoteSliceViewFactory, RemoteThreeDViewFactory
from trame_slicer.views import AbstractView, SliceView, ThreeDView, ViewLayoutDefinition

from browser.plane import Point

if TYPE_CHECKING:
    from trame_server import Server
    from trame_slicer.core import SlicerApp

#: Pictures a second while the pointer is in a view, and while it is elsewhere.
_FPS, _FPS_ELSEWHERE = 25.0, 12.0
#: JPEG quality while something moves; the last picture follows at the library's still quality.
_QUALITY_MOVING = 45
#: The page sends at most one movement of the pointer in this time.
_POINTER_S = 0.025


@dataclass(frozen=True)
class Pane:
    """One place of the four."""

    tag: str
    """Names the view in MRML and in the page."""
    title: str
    colour: str
    """Of the frame and the title, as Slicer colours its views."""


AXIAL = Pane("Red", "Axial", "#F34A33")
CORONAL = Pane("Green", "Coronal", "#6DAD4A")
SAGITTAL = Pane("Yellow", "Sagittal", "#EFD64D")
THREE_D = Pane("ThreeD", "3D", "#9b9bd0")
PANES = (AXIAL, THREE_D, CORONAL, SAGITTAL)

_DEFINITIONS = {
    AXIAL.tag: ViewLayoutDefinition.axial_view(),
    CORONAL.tag: ViewLayoutDefinition.coronal_view(),
    SAGITTAL.tag: ViewLayoutDefinition.sagittal_view(),
    THREE_D.tag: ViewLayoutDefinition.threed_view(background_color=("#14161a", "#262a31"), box_visible=True),
}

#: Looking close shows so many times the lesion's size, and at least so many mm.
_AROUND, _LEAST_WIDTH_MM = 4.0, 40.0
_ASIDE_DEGREES, _ABOVE_DEGREES = 25.0, 20.0
#: The frame around the volume in 3D.
_BOX = (0.35, 0.41, 0.48)

Overlay = Callable[["Server", str, AbstractView], None]


class Views:
    """The views of one MRML scene.

    Args:
        slicer_app: holds the scene.
        server: serves the pictures.
        overlay: draws the page's elements over a view (title, slider, pointer's trace).
    """

    def __init__(self, slicer_app: SlicerApp, server: Server, overlay: Overlay) -> None:
        self._manager = slicer_app.view_manager
        for factory in (RemoteSliceViewFactory, RemoteThreeDViewFactory):
            self._manager.register_factory(
                factory(
                    server,
                    populate_view_ui_f=overlay,
                    rca_encoder="jpeg",
                    target_fps=_FPS,
                    blur_fps=_FPS_ELSEWHERE,
                    interactive_quality=_QUALITY_MOVING,
                    rca_event_throttle_s=_POINTER_S,
                )
            )
        for pane in PANES:
            _draw_less(self._manager.create_view(_DEFINITIONS[pane.tag]))
        self.show_panes("")

    @property
    def slices(self) -> tuple[SliceView, ...]:
        """Axial, coronal, sagittal."""
        return tuple(self._manager.get_slice_views())

    @property
    def three_d(self) -> ThreeDView:
        """The 3D view."""
        return self._manager.get_threed_views()[0]

    def view(self, tag: str) -> AbstractView:
        """The view of a pane."""
        return self._manager.get_view(tag)

    def show_panes(self, maximised: str) -> None:
        """Draw only the pane ``maximised``, or all when it is empty."""
        self._manager.set_current_view_ids([pane.tag for pane in PANES if maximised in ("", pane.tag)])

    def show_volume(self, volume_id: str) -> None:
        """Show a volume in the slice views, fitted; an empty id shows none."""
        for view in self.slices:
            view.set_background_volume_id(volume_id or None)
            view.reset_view()
        self.fit(THREE_D.tag)

    def tidy(self) -> None:
        """Forget the models of slices that Slicer made anew for another volume.

        They are only needed to show a slice in 3D; as long as there is one, all views are drawn whenever that slice scrolls.
        """
        for view in self.slices:
            if not view.is_visible_in_3d():
                _forget_model(view)

    def jump(self, point_mm: Point) -> None:
        """Put all three planes through a point, without moving them sideways."""
        for view in self.slices:
            view.get_view_node().JumpSliceByOffsetting(*point_mm)

    def look_close(self, point_mm: Point, size_mm: float) -> None:
        """Bring a lesion near: in the middle of all views, with as much around it as one wants to see."""
        width_mm = max(_AROUND * size_mm, _LEAST_WIDTH_MM)
        for view in self.slices:
            node = view.get_view_node()
            columns, rows, _ = node.GetDimensions()
            node.SetFieldOfView(width_mm, width_mm * rows / columns, node.GetFieldOfView()[2])
            node.JumpSliceByCentering(*point_mm)
        camera = self.three_d.get_camera_node()
        towards = np.subtract(camera.GetPosition(), camera.GetFocalPoint())
        camera.SetFocalPoint(*point_mm)
        camera.SetPosition(*np.add(point_mm, towards / np.linalg.norm(towards) * 2.0 * width_mm))
        camera.ResetClippingRange()

    def toggle_in_3d(self, tag: str) -> None:
        """Show a slice in the 3D view too, or no longer; while it is shown, scrolling draws 3D anew."""
        view = self.view(tag)
        if not isinstance(view, SliceView):
            return
        if view.is_visible_in_3d():
            view.set_visible_in_3d(False)
            _forget_model(view)
        else:
            view._logic.CreateSliceModel()
            view.set_visible_in_3d(True)

    def fit(self, tag: str) -> None:
        """Show all of the volume in a pane."""
        self.view(tag).reset_view()
        if tag == THREE_D.tag:
            # From above and the side: straight from the front two of the planes are lines.
            camera = self.three_d.get_camera_node().GetCamera()
            camera.Azimuth(-_ASIDE_DEGREES)
            camera.Elevation(_ABOVE_DEGREES)


def _draw_less(view: AbstractView) -> None:
    """Leave out what costs much without a GPU."""
    view.render_window().SetMultiSamples(0)
    if isinstance(view, ThreeDView):
        # Peeling also loses volume renderings when they are drawn in software.
        view.renderer().SetUseDepthPeeling(False)
        view.renderer().SetUseDepthPeelingForVolumes(False)
        view.get_view_node().SetBoxColor(*_BOX)


def _forget_model(view: SliceView) -> None:
    view._logic.DeleteSliceModel()  # trame-slicer has no other way to a view's logic

"""Clicks in the views become marks: Slicer's own place mode, with a helper node that takes the clicks and is then gone."""

from __future__ import annotations

import math
from typing import Any, Callable

import slicer

Point = tuple[float, float, float]

#: How many clicks make a mark.
POINT, LINE, CIRCLE, EXCLUDE = "point", "line", "circle", "exclude"
CLICKS: dict[str, int] = {POINT: 1, LINE: 2, CIRCLE: 2, EXCLUDE: 1}


class Placing:
    """One kind of mark at a time is placed, until the user ends it.

    Args:
        scene: The MRML scene whose views take the clicks.
        later: Runs a callable after the event that is being handled, as `QTimer.singleShot` does: Slicer still holds on to the
            point while it tells of it.
        placed: Called with the mode, the points (world RAS mm) and the axis (0 = R, 1 = A, 2 = S) that the clicked slice stands
            upright on.
        changed: Called when the mode changes, also when the user ends it in a view.
    """

    def __init__(
        self,
        scene,
        later: Callable[[Callable[[], None]], None],
        placed: Callable[[str, list[Point], int], None],
        changed: Callable[[], None],
    ) -> None:
        self.mode = ""
        self._scene = scene
        self._later = later
        self._placed = placed
        self._changed = changed
        self._helper: Any = None
        self._axis = 2
        self._observed: list[tuple[Any, int]] = []

    def start(self, mode: str) -> None:
        """Let clicks place marks of a kind."""
        self.stop()
        interaction, selection = self._interaction(), self._scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        if interaction is None or selection is None:
            return
        self._helper = _helper_node(self._scene, mode)
        self._observe(self._helper, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._on_click)
        selection.SetReferenceActivePlaceNodeClassName(self._helper.GetClassName())
        selection.SetActivePlaceNodeID(self._helper.GetID())
        interaction.SetPlaceModePersistence(1)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self._observe(interaction, interaction.InteractionModeChangedEvent, self._on_mode)
        self.mode = mode
        self._changed()

    def stop(self) -> None:
        """Give the clicks back to Slicer."""
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []
        if self._helper is not None:
            interaction = self._interaction()
            if interaction is not None and interaction.GetCurrentInteractionMode() == interaction.Place:
                interaction.SetPlaceModePersistence(0)
                interaction.SwitchToViewTransformMode()
            self._scene.RemoveNode(self._helper.GetDisplayNode())
            self._scene.RemoveNode(self._helper)
            self._helper = None
        if self.mode:
            self.mode = ""
            self._changed()

    def _interaction(self):
        return self._scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")

    def _observe(self, node, event: int, callback: Callable[..., None]) -> None:
        self._observed.append((node, node.AddObserver(event, callback)))

    def _on_mode(self, interaction, _event: str) -> None:
        if interaction.GetCurrentInteractionMode() != interaction.Place:
            self._later(self.stop)

    def _on_click(self, _node: object, _event: str) -> None:
        self._axis = _upright_axis(self._scene)
        self._later(self._take)

    def _take(self) -> None:
        helper = self._helper
        if helper is None:
            return
        defined = [
            n
            for n in range(helper.GetNumberOfControlPoints())
            if helper.GetNthControlPointPositionStatus(n) == helper.PositionDefined
        ]
        if len(defined) < CLICKS[self.mode]:
            return
        points = [_position(helper, n) for n in defined[: CLICKS[self.mode]]]
        helper.RemoveAllControlPoints()
        self._placed(self.mode, points, self._axis)


def radius_mm(centre_mm: Point, rim_mm: Point) -> float:
    """The distance of two points."""
    return math.dist(centre_mm, rim_mm)


def _helper_node(scene, mode: str):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"LesionLab {mode}")
    node.SetSaveWithScene(False)
    node.SetHideFromEditors(True)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetPointLabelsVisibility(False)
    return node


def _position(helper, number: int) -> Point:
    position = [0.0, 0.0, 0.0]
    helper.GetNthControlPointPositionWorld(number, position)
    return (position[0], position[1], position[2])


def _upright_axis(scene) -> int:
    """The axis nearest to the normal of the slice under the mouse; S where there is none."""
    slice_node = _slice_under_mouse(scene)
    if slice_node is None:
        return 2
    matrix = slice_node.GetSliceToRAS()
    return max(range(3), key=lambda axis: abs(matrix.GetElement(axis, 2)))


def _slice_under_mouse(scene) -> Any:
    crosshair = scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    return None if crosshair is None else crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0])

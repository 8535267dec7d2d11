"""One mark in the scene: its markup, the points that do not belong to it, its ball and the handle that sets its size."""

from __future__ import annotations

import math
from typing import Any

import vtk

from . import mark_shapes
from .nodes import new_node, remove_node
from .surfaces import ball
from .values import CIRCLE, LINE, Mark, Point

_CLASSES = {LINE: "vtkMRMLMarkupsLineNode", CIRCLE: "vtkMRMLMarkupsClosedCurveNode"}
_POINTS = "vtkMRMLMarkupsFiducialNode"
_EXCLUDED = (0.9, 0.1, 0.1)


class MarkNodes:
    """The nodes of one mark.

    Args:
        scene: The MRML scene.
        mark: What they show first.
    """

    def __init__(self, scene, mark: Mark) -> None:
        self._scene = scene
        self.mark = mark
        self.body = self._new_markup(_class_of(mark), mark.name)
        self.excluded: Any = None
        self.handle: Any = None
        self._ball: Any = None
        self._drawn_ball: tuple | None = None
        self.show(mark)

    @property
    def markups(self) -> list:
        """The nodes that the user can drag."""
        return [node for node in (self.body, self.excluded, self.handle) if node is not None]

    def fits(self, mark: Mark) -> bool:
        """Whether these nodes can show a mark."""
        return self._scene.IsNodePresent(self.body) and self.body.IsA(_class_of(mark))

    def show(self, mark: Mark) -> None:
        """Show a mark in the place of the one before."""
        self.mark = mark
        _place(self.body, mark_shapes.body_points(mark), mark.name)
        self._show_excluded(mark)
        self._show_handle(mark)
        self._show_ball(mark)
        self.body.SetName(mark.name)
        for node in (self.body, self.excluded, self.handle):
            if node is not None:
                node.SetLocked(mark.frozen)
        _paint(self.body, mark.colour)
        if self.handle is not None:
            _paint(self.handle, mark.colour)

    def read(self) -> Mark | None:
        """The mark as its control points lie now; None when the user removed them."""
        body = _points(self.body)
        if not self._scene.IsNodePresent(self.body) or not body:
            return None
        mark = self.mark
        if _differ(body, mark_shapes.body_points(mark)):
            mark = mark_shapes.moved(mark, body)
        elif self.handle is not None and _points(self.handle):
            handle = _points(self.handle)[0]
            if mark.size_mm is not None and abs(2 * math.dist(handle, mark.point_mm) - mark.size_mm) > 1e-6:
                mark = mark_shapes.resized(mark, handle)
        excluded = _points(self.excluded) if self.excluded is not None else ()
        if _differ(excluded, mark.exclude_mm):
            mark = Mark(**{**vars(mark), "exclude_mm": excluded})
        return mark

    def remove(self) -> None:
        """Remove all nodes."""
        for node in (self.body, self.excluded, self.handle, self._ball):
            remove_node(self._scene, node)

    def _show_excluded(self, mark: Mark) -> None:
        if not mark.exclude_mm:
            remove_node(self._scene, self.excluded)
            self.excluded = None
            return
        if self.excluded is None or not self._scene.IsNodePresent(self.excluded):
            self.excluded = self._new_markup(_POINTS, f"not {mark.name}")
            self.excluded.GetDisplayNode().SetGlyphTypeFromString("Cross2D")
            _paint(self.excluded, _EXCLUDED)
        _place(self.excluded, mark.exclude_mm, f"not {mark.name}")

    def _show_handle(self, mark: Mark) -> None:
        there = self.handle is not None and self._scene.IsNodePresent(self.handle)
        before = _points(self.handle) if there else ()
        place = mark_shapes.handle_point(mark, before[0] if before else None)
        if place is None:
            remove_node(self._scene, self.handle)
            self.handle = None
            return
        if not there:
            self.handle = self._new_markup(_POINTS, f"{mark.name} size", kept=False)
            self.handle.GetDisplayNode().SetPointLabelsVisibility(False)
            self.handle.GetDisplayNode().SetGlyphTypeFromString("Circle2D")
        _place(self.handle, (place,), "")

    def _show_ball(self, mark: Mark) -> None:
        if mark.size_mm is None or mark_shapes.handle_point(mark) is None:
            remove_node(self._scene, self._ball)
            self._ball, self._drawn_ball = None, None
            return
        if self._ball is None or not self._scene.IsNodePresent(self._ball):
            self._ball, self._drawn_ball = new_node(self._scene, "vtkMRMLModelNode", f"{mark.name} ball", False), None
            display = self._ball.GetDisplayNode()
            display.SetOpacity(0.15)
            display.SetVisibility2D(True)
            display.SetSliceIntersectionThickness(1)
        if self._drawn_ball != (mark.point_mm, mark.size_mm):
            self._ball.SetAndObservePolyData(ball(mark.point_mm, mark.size_mm))
            self._drawn_ball = (mark.point_mm, mark.size_mm)
        self._ball.GetDisplayNode().SetColor(*mark.colour)

    def _new_markup(self, class_name: str, name: str, kept: bool = True):
        node = new_node(self._scene, class_name, name, kept)
        node.GetDisplayNode().SetPropertiesLabelVisibility(False)
        node.GetDisplayNode().SetGlyphScale(2.0)
        node.SetUndoEnabled(False)
        return node


def _class_of(mark: Mark) -> str:
    """A circle without a size, and a line without ends, are points."""
    return _CLASSES.get(mark.shape, _POINTS) if len(mark_shapes.body_points(mark)) > 1 else _POINTS


def _place(node, points: tuple[Point, ...], label: str) -> None:
    """Set control points; those that lie right already are not touched, so that a drag goes on undisturbed."""
    while node.GetNumberOfControlPoints() > len(points):
        node.RemoveNthControlPoint(node.GetNumberOfControlPoints() - 1)
    there = _points(node)
    for number, point in enumerate(points):
        if number >= len(there):
            node.AddControlPointWorld(vtk.vtkVector3d(*point), label)
        elif math.dist(there[number], point) > 1e-9:
            node.SetNthControlPointPositionWorld(number, *point)
        if node.GetNthControlPointLabel(number) != label:
            node.SetNthControlPointLabel(number, label)


def _points(node) -> tuple[Point, ...]:
    """The placed control points, world mm."""
    found = []
    for number in range(node.GetNumberOfControlPoints()):
        if node.GetNthControlPointPositionStatus(number) == node.PositionDefined:
            point = [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(number, point)
            found.append((point[0], point[1], point[2]))
    return tuple(found)


def _differ(some: tuple[Point, ...], others: tuple[Point, ...]) -> bool:
    return len(some) != len(others) or any(math.dist(a, b) > 1e-6 for a, b in zip(some, others))


def _paint(node, colour: tuple[float, float, float]) -> None:
    display = node.GetDisplayNode()
    display.SetColor(*colour)
    display.SetSelectedColor(*colour)

"""A detector's candidates: one list of points, labelled with their confidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import vtk

from .nodes import new_node, remove_node

if TYPE_CHECKING:
    from LesionLabLib.answers import Candidate

_OTHER, _CURRENT = (0.4, 0.8, 1.0), (1.0, 1.0, 0.0)


class CandidateList:
    """The candidates of one scene.

    Args:
        scene: The MRML scene.
    """

    def __init__(self, scene) -> None:
        self._scene = scene
        self._node: Any = None
        self._shown: tuple[Candidate, ...] = ()

    def show(self, candidates: Sequence[Candidate], current: int = -1) -> None:
        """Show these, the current one in another colour; none takes the list away."""
        if not candidates:
            self.remove()
            return
        if self._node is None or not self._scene.IsNodePresent(self._node):
            self._node, self._shown = self._new_node(), ()
        if self._shown != tuple(candidates):
            self._place(candidates)
        for number in range(len(candidates)):
            # Slicer draws points that are not "selected" in the node's plain colour.
            self._node.SetNthControlPointSelected(number, number == current)

    def remove(self) -> None:
        """Take the list away."""
        remove_node(self._scene, self._node)
        self._node, self._shown = None, ()

    def _place(self, candidates: Sequence[Candidate]) -> None:
        self._node.RemoveAllControlPoints()
        for candidate in candidates:
            place = vtk.vtkVector3d(*candidate.point_mm)
            number = self._node.AddControlPointWorld(place, f"{candidate.confidence:.2f}")
            if candidate.size_mm is not None:
                self._node.SetNthControlPointDescription(number, f"size_mm={candidate.size_mm:g}")
        self._shown = tuple(candidates)

    def _new_node(self):
        node = new_node(self._scene, "vtkMRMLMarkupsFiducialNode", "Candidates")
        node.SetLocked(True)
        display = node.GetDisplayNode()
        display.SetColor(*_OTHER)
        display.SetSelectedColor(*_CURRENT)
        display.SetPointLabelsVisibility(True)
        return node

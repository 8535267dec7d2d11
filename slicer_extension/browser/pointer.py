"""The pointer in a slice view: what is ours goes to the tools, the rest to Slicer (zoom, pan, scroll, dragging marks)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slicer import vtkMRMLMarkupsDisplayNode, vtkMRMLScene

from browser.plane import Pixel

if TYPE_CHECKING:
    from trame_slicer.views import SliceView
    from vtkmodules.vtkRenderingCore import vtkRenderWindowInteractor

#: Before Slicer's own observers.
_FIRST = 100.0


@dataclass(frozen=True)
class Touch:
    """Where the pointer is."""

    view: SliceView
    pixel: Pixel
    shift: bool = False


class Hand(Protocol):
    """What the tools offer; each event's answer says whether it was theirs."""

    @property
    def drags_marks(self) -> bool:
        """Whether a mark under the pointer may be dragged."""

    def press(self, touch: Touch) -> bool:
        """The left button goes down."""

    def move(self, touch: Touch) -> bool:
        """The pointer moves."""

    def release(self, touch: Touch) -> bool:
        """The left button comes up."""

    def wheel(self, touch: Touch, steps: int) -> bool:
        """The wheel turns; forwards is positive."""


class Pointer:
    """Watches the pointer of one slice view."""

    def __init__(self, view: SliceView, scene: vtkMRMLScene, hand: Hand) -> None:
        self._view, self._scene, self._hand = view, scene, hand
        self._tags: list[int] = []
        self._on("LeftButtonPressEvent", self._press)
        self._on("MouseMoveEvent", hand.move)
        self._on("LeftButtonReleaseEvent", hand.release)
        self._on("MouseWheelForwardEvent", lambda touch: hand.wheel(touch, 1))
        self._on("MouseWheelBackwardEvent", lambda touch: hand.wheel(touch, -1))

    def close(self) -> None:
        """Stop watching."""
        for tag in self._tags:
            self._view.interactor().RemoveObserver(tag)
        self._tags.clear()

    def _on(self, event: str, handle: Callable[[Touch], bool]) -> None:
        interactor = self._view.interactor()
        held: list[int] = []

        def heard(caller: vtkRenderWindowInteractor, _: str) -> None:
            if handle(self._touch(caller)):
                caller.GetCommand(held[0]).SetAbortFlag(1)

        held.append(interactor.AddObserver(event, heard, _FIRST))
        self._tags.extend(held)

    def _press(self, touch: Touch) -> bool:
        if self._hand.drags_marks and self._over_a_mark():
            return False
        return self._hand.press(touch)

    def _touch(self, interactor: vtkRenderWindowInteractor) -> Touch:
        x, y = interactor.GetEventPosition()
        # The page counts rows from the bottom edge of the lowest pixel, so its rows are one too high.
        return Touch(self._view, (float(x), float(y - 1)), bool(interactor.GetShiftKey()))

    def _over_a_mark(self) -> bool:
        """Whether Slicer would drag a mark from here."""
        nodes = self._scene.GetNodesByClass("vtkMRMLMarkupsDisplayNode")
        nodes.UnRegister(None)
        return any(_grabs(nodes.GetItemAsObject(n)) for n in range(nodes.GetNumberOfItems()))


def _grabs(display: vtkMRMLMarkupsDisplayNode) -> bool:
    node = display.GetDisplayableNode()
    if node is None or node.GetLocked() or not display.GetVisibility():
        return False
    return display.GetActiveComponentType() == vtkMRMLMarkupsDisplayNode.ComponentControlPoint

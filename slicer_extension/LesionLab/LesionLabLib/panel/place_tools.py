"""The buttons that turn clicks into marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt

from LesionLabLib.workflow import reasons

from .placing import CIRCLE, EXCLUDE, LINE, POINT, Placing, radius_mm
from .widgets import Action, Quietly

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow

    from .placing import Point


class PlaceTools:
    """Point, line, circle, exclude: each button stays down while its clicks are taken."""

    def __init__(self, ui, workflow: Workflow, scene) -> None:
        self._workflow = workflow
        self._placing = Placing(scene, lambda do: qt.QTimer.singleShot(0, do), self._place, self._show_mode)
        buttons = {
            POINT: ui.placePointButton,
            LINE: ui.placeLineButton,
            CIRCLE: ui.placeCircleButton,
            EXCLUDE: ui.excludeButton,
        }
        self._actions = {mode: Action(button, "clicked()", self._toggle(mode)) for mode, button in buttons.items()}

    def _toggle(self, mode: str):
        return lambda: self._placing.stop() if self._placing.mode == mode else self._placing.start(mode)

    def stop(self) -> None:
        """Take no more clicks."""
        self._placing.stop()

    def _place(self, mode: str, points: list[Point], axis: int) -> None:
        if mode == POINT:
            self._workflow.place_point(points[0])
        elif mode == LINE:
            self._workflow.place_line(points[0], points[1])
        elif mode == CIRCLE:
            self._workflow.place_circle(points[0], radius_mm(points[0], points[1]), axis)
        else:
            self._workflow.exclude(points[0])

    def _show_mode(self) -> None:
        for mode, action in self._actions.items():
            with Quietly(action.widget):
                action.widget.setChecked(mode == self._placing.mode)

    def render(self, state: State) -> None:
        """Draw what can be placed; a mode that no longer can be ends."""
        for mode, action in self._actions.items():
            reason = reasons.exclude(state) if mode == EXCLUDE else reasons.place(state)
            action.allow(reason)
            if reason and self._placing.mode == mode:
                self._placing.stop()

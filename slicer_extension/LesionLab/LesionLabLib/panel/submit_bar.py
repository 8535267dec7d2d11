"""Sending the labels to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionLabLib.workflow import reasons

from .widgets import Action

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class SubmitBar:
    """Submit; and submit over somebody else's revision, once it is known that there is one."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._submit = Action(ui.submitButton, "clicked()", workflow.submit)
        self._over = Action(ui.submitOverButton, "clicked()", lambda: workflow.submit(over_conflict=True))

    def render(self, state: State) -> None:
        """Draw whether there is something to send."""
        self._submit.allow(reasons.submit(state))
        self._over.allow(reasons.submit_over(state))
        self._ui.submitOverButton.setVisible(bool(state.conflict))

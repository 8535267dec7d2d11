"""What the reader says of the whole case: something is there, or it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _

from .widgets import Action, Quietly, clear_layout

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class Presence:
    """One line for each label of the chosen task, with two buttons: present, absent."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._frame = ui.presenceFrame
        self._workflow = workflow
        self._labels: tuple[str, ...] = ()
        self._buttons: list = []

    def render(self, state: State) -> None:
        """Draw what was said."""
        task = state.task_info()
        said = dict(state.presence)
        labels = tuple(dict.fromkeys((*(task.labels if task is not None else ()), *said)))
        if labels != self._labels:
            self._labels = labels
            clear_layout(self._frame.layout())
            self._frame.layout().setColumnStretch(0, 1)
            self._buttons = [
                (label, present, self._add(row, label, present))
                for row, label in enumerate(labels)
                for present in (True, False)
            ]
            self._frame.setVisible(bool(labels))
        for label, present, action in self._buttons:
            action.allow(reasons.case(state))
            with Quietly(action.widget):
                action.widget.setChecked(said.get(label) is present)

    def _add(self, row: int, label: str, present: bool) -> Action:
        layout = self._frame.layout()
        if present:
            layout.addWidget(qt.QLabel(_("{label} in this case").format(label=label.replace("_", " "))), row, 0)
        button = qt.QPushButton(_("Present") if present else _("Absent"))
        button.setCheckable(True)
        button.setObjectName(f"presence_{'yes' if present else 'no'}_{label}")
        button.setToolTip(
            _("Say that there is some in this image.") if present else _("Say that there is none in this image.")
        )
        layout.addWidget(button, row, 1 if present else 2)
        return Action(button, "clicked()", lambda: self._workflow.set_presence(label, present))

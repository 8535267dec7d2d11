"""What the server's models can do: one entry for each task that it names, with inputs for the fields that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _

from .options import make_input, offered, title
from .widgets import Action, chosen_of, clear_layout, fill_list

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class TaskSection:
    """Choose a task, set its options, run it."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._workflow = workflow
        self._run = Action(ui.runButton, "clicked()", workflow.run)
        self._choose = Action(
            ui.taskCombo, "currentIndexChanged(int)", lambda _index: workflow.choose_task(chosen_of(ui.taskCombo))
        )
        self._tasks: object = ()
        self._task: object = None

    def render(self, state: State) -> None:
        """Draw the tasks; the options are made anew only for another task, so that typing in them is not disturbed."""
        if (state.tasks, state.task) != self._tasks:
            self._tasks = (state.tasks, state.task)
            fill_list(self._ui.taskCombo, [(task.name, task.title) for task in state.tasks], state.task)
        self._choose.allow("" if state.tasks else reasons.server(state))
        task = state.task_info()
        if task != self._task:
            self._task = task
            self._make_options(state)
        self._ui.taskText.setText(_description(state))
        self._ui.taskText.setVisible(task is not None)
        self._run.allow(reasons.run(state))

    def _make_options(self, state: State) -> None:
        layout = self._ui.optionsFrame.layout()
        clear_layout(layout)
        layout.setColumnStretch(1, 1)
        task = state.task_info()
        fields = [field for field in task.fields if offered(field)] if task is not None else []
        values = dict(state.options)
        for row, field in enumerate(fields):
            label = qt.QLabel(title(field))
            label.setToolTip(field.description)
            layout.addWidget(label, row, 0)
            layout.addWidget(make_input(field, values.get(field.name), self._workflow.set_option), row, 1)
        self._ui.optionsFrame.setVisible(bool(fields))


def _description(state: State) -> str:
    task = state.task_info()
    if task is None:
        return ""
    facts = [", ".join(task.modalities), _("model {version}").format(version=task.version) if task.version else ""]
    small = " · ".join(fact for fact in facts if fact)
    return f"{task.description}<br><span style='color:#8a8f98'>{small}</span>" if small else task.description

"""Training the chosen task, how the new model compares, and which version answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _

from . import numbers
from .widgets import Action, Quietly, fill_table, stretch_first_column

if TYPE_CHECKING:
    from LesionLabLib.answers import Comparison, Training, Version
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class TrainingSection:
    """Start, watch, stop; compare; switch version."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._workflow = workflow
        stretch_first_column(ui.versionTable)
        self._start = Action(
            ui.startTrainingButton, "clicked()", lambda: workflow.start_training(int(ui.epochsSpin.value) or None)
        )
        self._cancel = Action(ui.cancelTrainingButton, "clicked()", workflow.cancel_training)
        self._use = Action(ui.useVersionButton, "clicked()", lambda: workflow.use_version(self._selected()))
        ui.versionTable.connect(
            "itemSelectionChanged()", lambda: self._use.allow(reasons.use_version(workflow.state, self._selected()))
        )
        self._drawn: object = None

    def _selected(self) -> str:
        row = self._ui.versionTable.currentRow()
        versions = self._workflow.state.versions
        return versions[row].version if 0 <= row < len(versions) else ""

    def render(self, state: State) -> None:
        """Draw training and versions."""
        if state.versions != self._drawn:
            self._drawn = state.versions
            self._fill(state)
        training = state.training
        self._start.allow(reasons.start_training(state))
        self._cancel.allow(reasons.cancel_training(state))
        self._use.allow(reasons.use_version(state, self._selected()))
        self._ui.trainingProgress.setVisible(reasons.training_runs(state))
        self._ui.trainingText.setVisible(training is not None)
        if training is not None:
            self._ui.trainingProgress.setRange(0, 0 if training.share is None else 100)
            self._ui.trainingProgress.setValue(round(100 * (training.share or 0.0)))
            self._ui.trainingText.setText("<br>".join(_in_words(training)))

    def _fill(self, state: State) -> None:
        table = self._ui.versionTable
        selected = table.currentRow()
        fill_table(table, [_cells(version) for version in state.versions])
        table.setVisible(bool(state.versions))
        with Quietly(table):
            for row, version in enumerate(state.versions):
                table.item(row, 0).setToolTip(version.reason)
                if version.current:
                    font = table.item(row, 0).font()
                    font.setBold(True)
                    table.item(row, 0).setFont(font)
            if 0 <= selected < len(state.versions):
                table.selectRow(selected)


def _cells(version: Version) -> list:
    scores = ", ".join(f"{name} {numbers.score(value)}" for name, value in version.scores)
    return [version.version, version.created[:16].replace("T", " "), str(version.labels), scores or numbers.NOTHING]


def _in_words(training: Training) -> list:
    states = {
        "queued": _("Waits for its turn"),
        "running": _("Training"),
        "done": _("Done"),
        "failed": _("Failed"),
        "cancelled": _("Stopped"),
    }
    facts = [states.get(training.state, training.state)]
    if training.epochs and training.state == "running":
        facts.append(_("epoch {epoch} of {epochs}").format(epoch=training.epoch, epochs=training.epochs))
    if training.loss is not None:
        facts.append(_("loss {loss}").format(loss=numbers.score(training.loss)))
    if training.score is not None:
        facts.append(_("score {score}").format(score=numbers.score(training.score)))
    if training.state == "running" and training.remaining_s is not None:
        facts.append(_("{time} left").format(time=numbers.duration(training.remaining_s)))
    lines = [
        " · ".join(facts),
        training.message,
        *([] if training.comparison is None else _compared(training.comparison)),
    ]
    return [line for line in lines if line]


def _compared(comparison: Comparison) -> list:
    verdict = _("The new version is in use.") if comparison.promoted else _("The old version stays in use.")
    lines = [f"{verdict} {comparison.reason}".strip()]
    if comparison.difference is None:
        return lines
    change = _("{metric}: {current} → {new}, {difference} (95 %: {low} to {high}; {cases} cases)").format(
        metric=comparison.metric,
        current=numbers.score(comparison.current),
        new=numbers.score(comparison.new),
        difference=numbers.change(comparison.difference),
        low=numbers.change(comparison.low),
        high=numbers.change(comparison.high),
        cases=comparison.cases,
    )
    return [f"<b>{change}</b>", *lines]

"""The lesions: their table, the size that follows the slider, finishing, deleting, taking back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import DONE, FAILED, RUNNING, WAITING

from . import numbers
from .widgets import Action, Quietly, fill_table, stretch_first_column

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import Lesion, State
    from LesionLabLib.workflow.workflow import Workflow

#: How far + and - change the size: by a twentieth, at least half a millimetre.
NUDGE, LEAST_NUDGE_MM = 0.05, 0.5


class LesionSection:
    """The table of lesions, and what is done to the selected one."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._workflow = workflow
        stretch_first_column(ui.lesionTable)
        ui.lesionTable.connect("itemSelectionChanged()", self._select)
        ui.lesionTable.connect("itemChanged(QTableWidgetItem*)", self._rename)
        self._size = Action(ui.sizeSlider, "valueChanged(double)", self._resize)
        self._freeze = Action(ui.freezeButton, "clicked()", self._toggle_frozen)
        self._run_again = Action(ui.runAgainButton, "clicked()", lambda: workflow.run_again(workflow.state.selected))
        self._delete = Action(ui.deleteButton, "clicked()", lambda: workflow.delete(workflow.state.selected))
        self._undo = Action(ui.undoButton, "clicked()", workflow.undo)
        self._redo = Action(ui.redoButton, "clicked()", workflow.redo)
        self._isodose = Action(ui.placeIsodoseButton, "clicked()", self._place_isodose)
        ui.doseSelector.connect("currentNodeIDChanged(QString)", lambda _id: self.render(workflow.state))
        self._lesions: object = None

    def nudge(self, steps: int) -> None:
        """Make the selected lesion larger (+1) or smaller (-1)."""
        lesion = self._workflow.state.lesion(self._workflow.state.selected)
        if lesion is None or reasons.resize(self._workflow.state):
            return
        size_mm = lesion.size_mm or lesion.diameter_mm or self._ui.sizeSlider.value
        step_mm = max(size_mm * NUDGE, LEAST_NUDGE_MM)
        self._workflow.resize(lesion.id, max(size_mm + steps * step_mm, self._ui.sizeSlider.minimum))

    def _select(self) -> None:
        row = self._ui.lesionTable.currentRow()
        lesions = self._workflow.state.lesions
        if 0 <= row < len(lesions) and lesions[row].id != self._workflow.state.selected:
            self._workflow.select(lesions[row].id)

    def _rename(self, item) -> None:
        lesions = self._workflow.state.lesions
        if (
            item.column() == 0
            and item.row() < len(lesions)
            and item.text().strip() not in {"", lesions[item.row()].name}
        ):
            self._workflow.rename(lesions[item.row()].id, item.text().strip())

    def _resize(self, size_mm: float) -> None:
        self._workflow.resize(self._workflow.state.selected, float(size_mm))

    def _toggle_frozen(self) -> None:
        lesion = self._workflow.state.lesion(self._workflow.state.selected)
        if lesion is not None:
            self._workflow.freeze(lesion.id, not lesion.frozen)

    def _place_isodose(self) -> None:
        self._workflow.place_isodose(self._ui.doseSelector.currentNodeID, float(self._ui.percentSpin.value))

    def render(self, state: State) -> None:
        """Draw the lesions and what can be done to the selected one."""
        if (state.lesions, state.selected) != self._lesions:
            self._lesions = (state.lesions, state.selected)
            self._fill(state)
        self._size.allow(reasons.resize(state))
        self._freeze.allow(reasons.selected(state))
        self._run_again.allow(reasons.run_again(state))
        self._delete.allow(reasons.change(state))
        self._undo.allow(reasons.undo(state))
        self._redo.allow(reasons.redo(state))
        dose = "" if self._ui.doseSelector.currentNodeID else _("Choose a dose volume of the scene first.")
        self._isodose.allow(reasons.place(state) or dose)
        lesion = state.lesion(state.selected)
        with Quietly(self._ui.freezeButton, self._ui.sizeSlider):
            self._ui.freezeButton.setChecked(lesion is not None and lesion.frozen)
            size_mm = (lesion.size_mm or lesion.diameter_mm) if lesion is not None else None
            if size_mm is not None:
                self._ui.sizeSlider.maximum = max(self._ui.sizeSlider.maximum, 1.5 * size_mm)
                self._ui.sizeSlider.value = size_mm

    def _fill(self, state: State) -> None:
        table = self._ui.lesionTable
        fill_table(table, [_cells(lesion) for lesion in state.lesions], editable_columns=(0,))
        with Quietly(table):
            for row, lesion in enumerate(state.lesions):
                table.item(row, 0).setIcon(_chip(lesion))
                table.item(row, 5).setToolTip(lesion.message)
            rows = [row for row, lesion in enumerate(state.lesions) if lesion.id == state.selected]
            if rows:
                table.selectRow(rows[0])
            else:
                table.clearSelection()


def _cells(lesion: Lesion) -> list:
    size = (
        numbers.length(lesion.size_mm)
        if lesion.size_given or lesion.size_mm is None
        else f"({numbers.length(lesion.size_mm)})"
    )
    values = [
        size,
        numbers.length(lesion.diameter_mm),
        numbers.volume(lesion.volume_mm3),
        numbers.share(lesion.certainty),
    ]
    return [lesion.name, *values, _state(lesion)]


def _state(lesion: Lesion) -> str:
    words = {WAITING: _("waiting"), RUNNING: _("running ..."), DONE: _("done"), FAILED: _("failed")}
    return _("frozen") if lesion.frozen else words.get(lesion.status, lesion.status)


def _chip(lesion: Lesion):
    """A square in the lesion's colour."""
    pixels = qt.QPixmap(12, 12)
    pixels.fill(qt.QColor(*(round(255 * part) for part in lesion.colour)))
    return qt.QIcon(pixels)

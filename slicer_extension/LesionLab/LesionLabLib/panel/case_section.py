"""Which image is being worked on, and how to get the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _

from .widgets import Action, chosen_of, fill_list

if TYPE_CHECKING:
    from LesionLabLib.answers import Case
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class CaseSection:
    """Next case, any case, a volume of the scene.

    Args:
        ui: The panel's widgets.
        workflow: What the buttons do.
        confirm: Asks the user a yes-or-no question.
    """

    def __init__(self, ui, workflow: Workflow, confirm: Callable[[str], bool]) -> None:
        self._ui = ui
        self._workflow = workflow
        self._confirm = confirm
        self._next = Action(ui.nextCaseButton, "clicked()", self.open_next)
        self._open = Action(ui.openCaseButton, "clicked()", lambda: self.open_case(chosen_of(ui.caseCombo)))
        self._use = Action(ui.useVolumeButton, "clicked()", self._use_volume)
        self._refresh = Action(ui.refreshCasesButton, "clicked()", workflow.refresh_cases)
        self._close = Action(ui.closeCaseButton, "clicked()", self._close_case)
        ui.volumeSelector.connect("currentNodeIDChanged(QString)", lambda _id: self.render(workflow.state))
        self._shown: object = None

    def open_next(self) -> None:
        """Open the case that the chosen strategy chooses."""
        self._leaving(lambda discard: self._workflow.open_next(chosen_of(self._ui.strategyCombo), discard))

    def open_case(self, name: str) -> None:
        """Open a case of the server."""
        self._leaving(lambda discard: self._workflow.open_case(name, discard))

    def _use_volume(self) -> None:
        node_id = self._ui.volumeSelector.currentNodeID
        self._leaving(lambda discard: self._workflow.use_volume(node_id, discard))

    def _close_case(self) -> None:
        self._leaving(self._workflow.close_case)

    def _leaving(self, go: Callable[[bool], None]) -> None:
        case = self._workflow.state.case
        if case is None or not case.unsaved:
            go(False)
        elif self._confirm(
            _("The work on {name} has not been submitted. Leave it all the same?").format(name=case.name)
        ):
            go(True)

    def render(self, state: State) -> None:
        """Draw the case and the lists."""
        shown = (state.strategies, state.cases, state.case and state.case.name)
        if shown != self._shown:
            fill_list(
                self._ui.strategyCombo,
                [(name, name.replace("_", " ")) for name in state.strategies],
                chosen_of(self._ui.strategyCombo),
            )
            fill_list(self._ui.caseCombo, [(case.image, _entry(case)) for case in state.cases], self._choice(state))
            self._shown = shown
        self._ui.caseText.setText(_in_words(state))
        self._next.allow(reasons.next_case(state))
        self._open.allow(reasons.open_case(state))
        self._refresh.allow(reasons.server(state))
        self._close.allow(reasons.case(state))
        self._use.allow("" if self._ui.volumeSelector.currentNodeID else _("Choose a volume of the scene first."))

    def _choice(self, state: State) -> str:
        before = chosen_of(self._ui.caseCombo)
        newly_open = state.case is not None and isinstance(self._shown, tuple) and self._shown[2] != state.case.name
        return state.case.name if newly_open and state.case is not None else before


def _entry(case: Case) -> str:
    ticks = "✓ " if case.labels else ""
    holder = _(" (at {holder})").format(holder=case.lease.holder) if case.lease is not None else ""
    return f"{ticks}{case.image}{holder}"


def _in_words(state: State) -> str:
    case = state.case
    if case is None:
        return _("No case is open.")
    origin = _("case of the server") if case.on_server else _("volume of the scene")
    saved = _("not submitted yet") if case.unsaved else _("nothing to submit")
    return f"<b>{case.name}</b> · {origin} · {saved}"

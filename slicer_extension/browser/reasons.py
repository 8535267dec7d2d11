"""Why a control can do nothing now, in words that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.shown import Reasons

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State

_CONNECT = "Connect to a server first"
_OPEN = "Open a case first"
_SELECT = "Select a lesion first"
_FROZEN = "The lesion is finished; unlock it first"


def reasons(state: State, takes_clicks: bool) -> Reasons:
    """Reasons for a state; ``takes_clicks``: the chosen task is asked about a point."""
    offline = "" if state.connection.status == "ready" else _CONNECT
    closed = "" if state.case is not None else _OPEN
    lesion = state.lesion(state.selected)
    unselected = "" if lesion is not None else _SELECT
    locked = _FROZEN if lesion is not None and lesion.frozen else ""
    return Reasons(
        mark=closed or ("" if takes_clicks or not state.tasks else "The chosen task takes no clicks: press Run"),
        exclude=closed or unselected or locked,
        undo="" if state.can_undo else "Nothing to undo",
        redo="" if state.can_redo else "Nothing to redo",
        freeze=unselected,
        delete=unselected or locked,
        size=locked,
        next_case=offline or ("" if state.strategies else "The server offers no strategy"),
        run=offline or closed or ("" if state.task else "Choose a task first"),
        submit=offline or closed or _not_submittable(state),
        train=offline or _not_trainable(state),
        heat="" if state.heats else "There is no heat map yet: place a lesion or run a task",
        presence=closed,
    )


def _not_submittable(state: State) -> str:
    if state.case is not None and not state.case.on_server:
        return "This volume is not one of the server's cases"
    if any(lesion.status == "running" for lesion in state.lesions):
        return "A mask is still on its way"
    if state.case is not None and not state.case.unsaved:
        return "Nothing has changed"
    return ""


def _not_trainable(state: State) -> str:
    if not state.task:
        return "Choose a task first"
    return "A training runs already" if state.training is not None and not state.training.over else ""

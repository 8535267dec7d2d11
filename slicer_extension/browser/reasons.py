"""Why each control of the page can do nothing now; the sentences are those of the desktop window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.shown import Reasons
from LesionLabLib.workflow import reasons as why
from LesionLabLib.workflow.prompts import takes_clicks

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State


def reasons(state: State) -> Reasons:
    """Reasons for a state."""
    closed = why.case(state)
    task = state.task_info()
    clicks = task is None or takes_clicks(task)
    return Reasons(
        mark=closed or ("" if clicks else "The chosen task takes no clicks: press Run."),
        exclude=closed or why.exclude(state),
        case=closed,
        undo=why.undo(state),
        redo=why.redo(state),
        freeze=why.selected(state),
        delete=why.change(state),
        size=why.resize(state) if state.selected else "",
        next_case=why.next_case(state),
        run=why.run(state),
        submit=why.submit(state),
        train=why.start_training(state),
        heat=why.heat(state),
        explain=why.explain(state),
        shown_heat=why.shown_heat(state),
        candidates=why.candidates(state),
    )

"""Why an action can do nothing now: each function answers with a sentence for the reader, empty when the action can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .i18n import tr as _
from .prompts import takes_clicks
from .state import ISODOSE, LINE, LOST, READY, REGION, RUNNING

if TYPE_CHECKING:
    from .state import State


def server(state: State) -> str:
    """What the server is needed for."""
    if state.connection.status == READY:
        return ""
    return (
        _("The server is lost; reconnect first.")
        if state.connection.status == LOST
        else _("Connect to a server first.")
    )


def case(state: State) -> str:
    """What an open image is needed for."""
    return "" if state.case is not None else _("Open a case or use a volume of the scene first.")


def next_case(state: State) -> str:
    """Open the case that a strategy chooses."""
    return server(state) or ("" if state.strategies else _("The server offers no strategy."))


def open_case(state: State) -> str:
    """Open a case of the list."""
    return server(state) or ("" if state.cases else _("The server has no cases."))


def run(state: State) -> str:
    """Run the chosen task."""
    missing = server(state) or case(state) or ("" if state.task else _("Choose a task first."))
    task = state.task_info()
    if missing or task is None or not takes_clicks(task):
        return missing
    return "" if state.lesion(state.selected) else _("This task takes clicks: place a point, or select a lesion.")


def place(state: State) -> str:
    """Mark a lesion."""
    return case(state)


def selected(state: State) -> str:
    """Anything done to the selected lesion."""
    return "" if state.lesion(state.selected) else _("Select a lesion first.")


def change(state: State) -> str:
    """Change the selected lesion's mark or mask."""
    lesion = state.lesion(state.selected)
    if lesion is None:
        return selected(state)
    return _("This lesion is frozen; press Freeze again to change it.") if lesion.frozen else ""


def exclude(state: State) -> str:
    """Exclude a point from the selected lesion."""
    return change(state) or _without_prompt(state)


def resize(state: State) -> str:
    """Give the selected lesion another size."""
    lesion = state.lesion(state.selected)
    if lesion is not None and lesion.shape == LINE:
        return change(state) or _("Drag an end of the line to change its length.")
    return change(state) or _without_prompt(state)


def _without_prompt(state: State) -> str:
    lesion = state.lesion(state.selected)
    if lesion is None or lesion.shape not in {ISODOSE, REGION}:
        return ""
    return (
        _("An isodose is what the dose says.") if lesion.shape == ISODOSE else _("It has no mark: a task outlined it.")
    )


def run_again(state: State) -> str:
    """Ask again for the selected lesion's mask."""
    lesion = state.lesion(state.selected)
    if lesion is not None and lesion.status == RUNNING:
        return _("The server is at it.")
    return change(state) or _without_prompt(state) or server(state)


def undo(state: State) -> str:
    """Take the last change back."""
    return "" if state.can_undo else _("There is nothing to take back.")


def redo(state: State) -> str:
    """Do again what was taken back."""
    return "" if state.can_redo else _("Nothing was taken back.")


def candidates(state: State) -> str:
    """Walk through the candidates and decide on them."""
    return (
        ""
        if 0 <= state.candidate < len(state.candidates)
        else _("There are no candidates; run a task that finds some.")
    )


def heat(state: State) -> str:
    """Show a heat map."""
    return "" if state.heats else _("There is no heat map yet.")


def explain(state: State) -> str:
    """Ask why the chosen task answered so."""
    missing = server(state) or case(state)
    task = state.task_info()
    if missing or task is None:
        return missing or _("Choose a task first.")
    if not task.explanations:
        return _("This task cannot explain its answers.")
    return _("Select a lesion first.") if takes_clicks(task) and state.lesion(state.selected) is None else ""


def shown_heat(state: State) -> str:
    """Change how the heat map is drawn."""
    return heat(state) or ("" if state.heat.visible else _("Show the heat map first."))


def submit(state: State) -> str:
    """Send the labels to the server."""
    missing = server(state) or case(state)
    if missing or state.case is None:
        return missing
    if not state.case.on_server:
        return _("This volume is not a case of the server; save it with Slicer instead.")
    if any(lesion.status == RUNNING for lesion in state.lesions):
        return _("A mask is still on its way.")
    return "" if state.case.unsaved else _("Nothing has changed since it was opened or submitted.")


def submit_over(state: State) -> str:
    """Send the labels although somebody else saved the case meanwhile."""
    return server(state) or ("" if state.conflict else _("Nobody else saved this case."))


def start_training(state: State) -> str:
    """Train the chosen task."""
    missing = server(state) or ("" if state.task else _("Choose a task first."))
    return missing or (_("A training runs already.") if training_runs(state) else "")


def cancel_training(state: State) -> str:
    """Stop the training."""
    return "" if training_runs(state) else _("No training runs.")


def training_runs(state: State) -> bool:
    """Whether a training is queued or running."""
    return state.training is not None and not state.training.over


def use_version(state: State, version: str) -> str:
    """Make the selected version the current one."""
    if not version:
        return server(state) or _("Select a version first.")
    current = any(known.current and known.version == version for known in state.versions)
    return server(state) or (_("This version is in use.") if current else "")

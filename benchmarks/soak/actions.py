"""What a reader can do, and how often each of these is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.soak.drawn import Drawn
from benchmarks.soak.settle import settle
from LesionLabLib.workflow.state import DONE

#: How often each action is drawn, relative to the others.
WEIGHTS = {
    "place": 10, "place_without_size": 3, "place_line": 2, "place_circle": 2, "place_outside": 1, "resize": 12, "move": 5,
    "exclude": 4, "freeze": 4, "unfreeze": 2, "delete": 5, "rename": 1, "select": 3, "undo": 8, "redo": 6, "back_and_forth": 2,
    "presence": 2, "run": 3, "choose_task": 1, "next_candidate": 1, "accept": 2, "reject": 1, "heat": 2, "hide_heat": 1,
    "set_heat": 2, "cancel": 5, "submit": 4, "open_case": 4, "open_next": 1, "use_volume": 1, "edit_volume": 1, "close_case": 1,
    "reconnect": 1, "refresh": 1,
}  # fmt: skip
_MOST_LESIONS = 8


class Actions:
    """Each method is an action of that name; where it needs something to act on, it draws it.

    Args:
        workflow: of the extension, connected.
        scene: its `CaseScene`.
        mrml: the MRML scene below.
        volume_id: a volume of the scene that may be worked on.
        rng: of all draws.
    """

    def __init__(self, workflow: Any, scene: Any, mrml: Any, volume_id: str, rng: np.random.Generator) -> None:
        self._workflow, self._scene, self._mrml = workflow, scene, mrml
        self._volume_id = volume_id
        self._rng = rng
        self._drawn = Drawn(workflow, scene, rng)

    def place(self) -> None:
        """Mark a lesion."""
        if self._room():
            self._workflow.place_point(self._drawn.point(), self._drawn.size())

    def place_without_size(self) -> None:
        """Mark a lesion whose size the task must guess."""
        if self._room():
            self._workflow.place_point(self._drawn.point())

    def place_line(self) -> None:
        """Mark a lesion by a line."""
        if self._room():
            self._workflow.place_line(self._drawn.point(), self._drawn.point())

    def place_circle(self) -> None:
        """Mark a lesion by a circle in one of the three planes."""
        if self._room():
            self._workflow.place_circle(self._drawn.point(), self._drawn.size() / 2, int(self._rng.integers(3)))

    def place_outside(self) -> None:
        """Click beside the image."""
        self._workflow.place_point((9999.0, 0.0, 0.0), self._drawn.size())

    def resize(self) -> None:
        """Draw at the size."""
        lesion_id = self._drawn.lesion_id()
        for size in np.linspace(self._drawn.size(), self._drawn.size(), int(self._rng.integers(1, 6))):
            self._workflow.resize(lesion_id, float(size))
            self._workflow.tick()

    def move(self) -> None:
        """Drag a mark."""
        self._workflow.move(self._drawn.lesion_id(), self._drawn.point())

    def exclude(self) -> None:
        """Exclude a point from the selected lesion."""
        self._workflow.exclude(self._drawn.point())

    def freeze(self) -> None:
        """Freeze a lesion."""
        self._workflow.freeze(self._drawn.lesion_id())

    def unfreeze(self) -> None:
        """Thaw a lesion."""
        self._workflow.freeze(self._drawn.lesion_id(), False)

    def delete(self) -> None:
        """Delete a lesion."""
        self._workflow.delete(self._drawn.lesion_id())

    def rename(self) -> None:
        """Give a lesion another name."""
        self._workflow.rename(self._drawn.lesion_id(), f"Lesion {self._rng.integers(99)}")

    def select(self) -> None:
        """Select a lesion."""
        self._workflow.select(self._drawn.lesion_id())

    def undo(self) -> None:
        """Take back up to three changes."""
        for _ in range(self._rng.integers(1, 4)):
            self._workflow.undo()

    def redo(self) -> None:
        """Do up to three changes again."""
        for _ in range(self._rng.integers(1, 4)):
            self._workflow.redo()

    def back_and_forth(self) -> None:
        """Undo and redo lead back to where one was."""
        settle(self._workflow)
        state = self._workflow.state
        if not state.can_undo or any(lesion.status != DONE for lesion in state.lesions):
            return
        before = self._picture()
        self._workflow.undo()
        self._workflow.redo()
        assert self._picture() == before

    def presence(self) -> None:
        """Say whether a disease is there."""
        self._workflow.set_presence("disease", bool(self._rng.integers(2)))

    def run(self) -> None:
        """Run the chosen task."""
        self._workflow.run()

    def choose_task(self) -> None:
        """Choose any task."""
        tasks = self._workflow.state.tasks
        if tasks:
            self._workflow.choose_task(tasks[self._rng.integers(len(tasks))].name)

    def next_candidate(self) -> None:
        """Go on to the next candidate."""
        self._workflow.next_candidate()

    def accept(self) -> None:
        """Accept the candidate."""
        if self._room():
            self._workflow.accept_candidate()

    def reject(self) -> None:
        """Reject the candidate."""
        self._workflow.reject_candidate()

    def heat(self) -> None:
        """Show any heat map."""
        heats = self._workflow.state.heats
        self._workflow.show_heat(heats[self._rng.integers(len(heats))] if heats else "")

    def hide_heat(self) -> None:
        """Hide the heat map."""
        self._workflow.hide_heat()

    def set_heat(self) -> None:
        """Draw the heat map otherwise."""
        self._workflow.set_heat(float(self._rng.uniform()), float(self._rng.uniform()))

    def cancel(self) -> None:
        """Cancel what runs."""
        activities = self._workflow.state.activities
        if activities:
            self._workflow.cancel(activities[self._rng.integers(len(activities))].id)

    def submit(self) -> None:
        """Send the labels."""
        self._workflow.submit(over_conflict=bool(self._rng.integers(2)))

    def open_case(self) -> None:
        """Open any case."""
        cases = self._workflow.state.cases
        if cases:
            name = cases[self._rng.integers(len(cases))].image
            self._workflow.open_case(name, discard=bool(self._rng.integers(2)))

    def open_next(self) -> None:
        """Open the case that a strategy chooses."""
        strategies = self._workflow.state.strategies
        if strategies:
            self._workflow.open_next(strategies[0], discard=True)

    def use_volume(self) -> None:
        """Work on the scene's own volume."""
        self._workflow.use_volume(self._volume_id, discard=bool(self._rng.integers(2)))

    def edit_volume(self) -> None:
        """Change a voxel of the scene's own volume."""
        node = self._mrml.GetNodeByID(self._volume_id)
        scalars = node.GetImageData().GetPointData().GetScalars()
        scalars.SetTuple1(int(self._rng.integers(scalars.GetNumberOfTuples())), float(self._rng.integers(100)))
        scalars.Modified()
        node.GetImageData().Modified()

    def close_case(self) -> None:
        """Close the case."""
        self._workflow.close_case(discard=bool(self._rng.integers(2)))

    def reconnect(self) -> None:
        """Connect again."""
        self._workflow.reconnect()

    def refresh(self) -> None:
        """Ask for the list of cases."""
        self._workflow.refresh_cases()

    def _room(self) -> bool:
        lesions = self._workflow.state.lesions
        if len(lesions) < _MOST_LESIONS:
            return True
        soft = [lesion.id for lesion in lesions if not lesion.frozen]
        if soft:
            self._workflow.delete(soft[0])
        else:
            self._workflow.freeze(lesions[0].id, False)
        return False

    def _picture(self) -> Any:
        lesions = [(one.id, one.prompt, one.frozen, one.name) for one in self._workflow.state.lesions]
        return lesions, self._scene.labelmap()[0].tobytes() if self._workflow.state.case is not None else b""

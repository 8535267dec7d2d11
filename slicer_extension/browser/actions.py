"""What the page's controls and the tools do: each is one call of the workflow, with what only the page knows filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene

from browser.plane import Point
from browser.tools import TOOLS, Tools
from browser.window_level import apply_preset, window_level

if TYPE_CHECKING:
    from browser.binding import Fields
    from browser.inputs import Inputs
    from browser.views import Views
    from LesionLabLib.workflow.state import Lesion
    from LesionLabLib.workflow.workflow import Workflow

#: One step of the wheel or of + and - changes the size by so much.
_NUDGE = 1.06
SMALLEST_MM, LARGEST_MM = 1.0, 150.0


class Actions:
    """Everything that a reader can do (`browser.tools.Marking` is a part of it)."""

    def __init__(self, workflow: Workflow, scene: vtkMRMLScene, views: Views, inputs: Fields[Inputs]) -> None:
        self.workflow, self.views = workflow, views
        self._scene, self._inputs = scene, inputs

    # The server and the case

    def connect(self) -> None:
        """Connect to the address as typed; the token leaves the page."""
        typed = self._inputs.now
        self._inputs.set(token="")
        self.workflow.connect(typed.address, typed.token)

    def open_case(self, name: str) -> None:
        """Open a case, or ask first when work is unsaved."""
        if not self._ask_first(f"case:{name}"):
            self.workflow.open_case(name)

    def open_next(self) -> None:
        """Open the case that the chosen strategy names, or ask first when work is unsaved."""
        strategies = self.workflow.state.strategies
        chosen = self._inputs.now.strategy
        if strategies and not self._ask_first("next:"):
            self.workflow.open_next(chosen if chosen in strategies else strategies[0])

    def leave(self) -> None:
        """Give up unsaved work and go where the reader wanted to go."""
        kind, _, name = self._inputs.now.leaving.partition(":")
        self._inputs.set(leaving="")
        if kind == "case":
            self.workflow.open_case(name, discard=True)
        elif self.workflow.state.strategies:
            chosen = self._inputs.now.strategy
            known = chosen in self.workflow.state.strategies
            self.workflow.open_next(chosen if known else self.workflow.state.strategies[0], discard=True)

    def _ask_first(self, where: str) -> bool:
        case = self.workflow.state.case
        unsaved = case is not None and case.unsaved
        self._inputs.set(leaving=where if unsaved else "")
        return unsaved

    def set_option(self, name: str, value: object) -> None:
        """Set a field of the task's request; numbers come as text from the page."""
        info = self.workflow.state.task_info()
        field = info.field(name) if info else None
        if field is not None and field.type in ("number", "integer") and isinstance(value, str):
            value = _number(value, field.type == "integer")
        self.workflow.set_option(name, value if isinstance(value, (str, int, float, bool)) else None)

    def train(self) -> None:
        """Train for as long as the page says."""
        epochs = _number(self._inputs.now.epochs, True)
        self.workflow.start_training(int(epochs) if epochs else None)

    # Lesions

    def place(self, point_mm: Point, size_mm: float | None) -> None:
        """Mark a lesion and put all planes through it."""
        if size_mm is None and not self._inputs.now.size_auto:
            size_mm = self._inputs.now.size_mm
        self.workflow.place_point(point_mm, size_mm)
        self.views.jump(point_mm)

    def measure(self, start_mm: Point, end_mm: Point) -> None:
        """Mark a lesion by its longest diameter."""
        self.workflow.place_line(start_mm, end_mm)
        self._jump_to_selected()

    def circle(self, centre_mm: Point, radius_mm: float, axis: int) -> None:
        """Mark a lesion by a circle."""
        self.workflow.place_circle(centre_mm, radius_mm, axis)
        self.views.jump(centre_mm)

    def exclude(self, point_mm: Point) -> None:
        """Take a point out of the selected lesion."""
        self.workflow.exclude(point_mm)

    def select(self, lesion_id: str) -> None:
        """Select a lesion and go there."""
        self.workflow.select(lesion_id)
        self._jump_to_selected()

    def look_close(self, lesion_id: str = "") -> None:
        """Bring a lesion (the selected one) near in all views."""
        lesion = self.workflow.state.lesion(lesion_id or self.workflow.state.selected)
        if lesion is not None:
            self.views.look_close(lesion.point_mm, lesion.diameter_mm or lesion.size_mm or 0.0)

    def toggle_frozen(self, lesion_id: str = "") -> None:
        """Freeze a lesion (the selected one), or take it up again."""
        lesion = self.workflow.state.lesion(lesion_id or self.workflow.state.selected)
        if lesion is not None:
            self.workflow.freeze(lesion.id, not lesion.frozen)

    def delete(self, lesion_id: str = "") -> None:
        """Delete a lesion (the selected one)."""
        lesion = self.workflow.state.lesion(lesion_id or self.workflow.state.selected)
        if lesion is not None:
            self.workflow.delete(lesion.id)

    def nudge(self, steps: int) -> None:
        """Make the selected lesion, or what is placed next, larger or smaller."""
        lesion = self._selected()
        now = (lesion.size_mm or lesion.diameter_mm) if lesion else None
        self.set_size(round((now or self._inputs.now.size_mm) * _NUDGE**steps, 1))

    def set_size(self, size_mm: float) -> None:
        """Give the selected lesion a size; without one, what is placed next gets it."""
        size_mm = min(max(size_mm, SMALLEST_MM), LARGEST_MM)
        lesion = self._selected()
        if lesion is None:
            self._inputs.set(size_auto=False)
        elif not lesion.frozen and (lesion.size_mm is None or abs(lesion.size_mm - size_mm) > 0.051):
            self.workflow.resize(lesion.id, size_mm)
        self._inputs.set(size_mm=size_mm)

    def _selected(self) -> Lesion | None:
        return self.workflow.state.lesion(self.workflow.state.selected)

    def _jump_to_selected(self) -> None:
        lesion = self._selected()
        if lesion is not None:
            self.views.jump(lesion.point_mm)

    # What is seen

    def use_tool(self, name: str, tools: Tools) -> None:
        """Take a tool into the hand."""
        if name in {tool.name for tool in TOOLS}:
            tools.tool = name
            self._inputs.set(tool=name)

    def explain(self) -> None:
        """Ask why the chosen task answered so, in the way that the page says."""
        task = self.workflow.state.task_info()
        if task is not None and task.explanations:
            chosen = self._inputs.now.method
            self.workflow.explain(chosen if chosen in task.explanations else task.explanations[0])

    def toggle_heat(self) -> None:
        """Show the heat map, or hide it."""
        heat, heats = self.workflow.state.heat, self.workflow.state.heats
        if heat.visible:
            self.workflow.hide_heat()
        elif heats:
            self.workflow.show_heat(heat.name if heat.name in heats else heats[-1])

    def volume(self) -> vtkMRMLScalarVolumeNode | None:
        """The open image."""
        case = self.workflow.state.case
        node = self._scene.GetNodeByID(case.volume_id) if case and case.volume_id else None
        return node if isinstance(node, vtkMRMLScalarVolumeNode) else None

    def window_level(self) -> tuple[float, float] | None:
        """The window and level of the open image."""
        node = self.volume()
        return window_level(node) if node is not None else None

    def set_window_level(self, window: float, level: float) -> None:
        """Set them; no preset holds any more."""
        node = self.volume()
        if node is not None:
            node.GetDisplayNode().SetAutoWindowLevel(0)
            node.GetDisplayNode().SetWindowLevel(window, level)
            self._inputs.set(preset="By hand")

    def use_preset(self, name: str) -> None:
        """Set window and level by name."""
        node = self.volume()
        if node is not None and name != "By hand":
            apply_preset(node, name)

    def maximise(self, tag: str) -> None:
        """Let a pane fill the window, or show all four again."""
        now = "" if self._inputs.now.maximised == tag else tag
        self._inputs.set(maximised=now)
        self.views.show_panes(now)


def _number(text: str, whole: bool) -> float | int | None:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return None

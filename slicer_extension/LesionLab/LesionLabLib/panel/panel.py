"""The panel: its sections draw `Workflow.state` and call `Workflow`; a timer lets the workflow deliver what the server answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Protocol

import qt

from .bars import ActivityBar, NoticeBar
from .case_section import CaseSection
from .demo import DemoOpener
from .heat_section import HeatSection
from .lesion_section import LesionSection
from .place_tools import PlaceTools
from .presence import Presence
from .result_section import ResultSection
from .server_section import ServerSection
from .shortcuts import Shortcuts
from .submit_bar import SubmitBar
from .task_section import TaskSection
from .training_section import TrainingSection

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow

    from .preferences import Preferences

#: How often the worker's results are fetched, ms.
TICK_MS = 30


class _Section(Protocol):
    def render(self, state: State) -> None: ...


class Panel:
    """Everything below the module's title.

    Args:
        ui: The widgets of `LesionLab.ui` by name, as `slicer.util.childWidgetVariables` gives them.
        workflow: What the user's actions do.
        scene: The MRML scene whose views take clicks.
        preferences: What is remembered from last time.
        window: The widget in which the keys count.
        confirm: Asks the user a yes-or-no question.
        icons: The folder of the icons; the icon of a button has the button's name.
    """

    def __init__(
        self,
        ui,
        workflow: Workflow,
        scene,
        preferences: Preferences,
        window,
        confirm: Callable[[str], bool],
        icons: Path,
    ) -> None:
        self._workflow = workflow
        self._place_tools = PlaceTools(ui, workflow, scene)
        self._server = ServerSection(ui, workflow, preferences)
        self._cases = CaseSection(ui, workflow, confirm)
        lesions = LesionSection(ui, workflow)
        self._demo = DemoOpener(self._server.connect, self._cases.open_case)
        self._sections: list[_Section] = [
            NoticeBar(ui, workflow),
            ActivityBar(ui, workflow),
            self._server,
            self._cases,
            TaskSection(ui, workflow),
            self._place_tools,
            lesions,
            Presence(ui, workflow),
            ResultSection(ui, workflow),
            HeatSection(ui, workflow),
            SubmitBar(ui, workflow),
            TrainingSection(ui, workflow),
            self._demo,
        ]
        self._shortcuts = Shortcuts(window, ui, lesions.nudge, self._place_tools.stop)
        _set_icons(ui, icons)
        self._unsubscribe = workflow.subscribe(self.render)
        self._timer = qt.QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.connect("timeout()", workflow.tick)
        self._timer.start()
        self.render(workflow.state)

    def render(self, state: State) -> None:
        """Draw a state."""
        for section in self._sections:
            section.render(state)
        self._shortcuts.update()

    def enter(self) -> None:
        """The module was opened."""
        self._shortcuts.open(True)

    def leave(self) -> None:
        """Another module was opened: keys and clicks belong to it."""
        self._shortcuts.open(False)
        self._place_tools.stop()

    def open_demo(self) -> None:
        """Open the demo case of the user's own server."""
        self._demo.start(self._workflow.state)

    def close(self) -> None:
        """Stop listening and ticking. The workflow is its owner's to close."""
        self._timer.stop()
        self._unsubscribe()
        self.leave()
        self._shortcuts.close()


def _set_icons(ui, icons: Path) -> None:
    for file in sorted(icons.glob("*Button.svg")):
        button = getattr(ui, file.stem, None)
        if button is not None:
            button.setIcon(qt.QIcon(str(file)))

"""The workbench: one MRML scene, one workflow, one page, and the loop that keeps them together."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trame_server.utils.asynchronous import create_task
from trame_slicer.core import SlicerApp

from browser.actions import Actions
from browser.binding import Fields
from browser.inputs import Inputs, Readout
from browser.keys import keys
from browser.page.layout import lay_out
from browser.page.panes import overlay
from browser.plane import point_at
from browser.pointer import Pointer, Touch
from browser.present import present
from browser.shown import Shown
from browser.tools import Tools, Trace
from browser.views import Views
from browser.window_level import presets_for
from LesionLabLib.client import Client
from LesionLabLib.scene import CaseScene
from LesionLabLib.worker import Worker
from LesionLabLib.workflow.state import READY, Settings, State
from LesionLabLib.workflow.workflow import Workflow

if TYPE_CHECKING:
    from trame_server import Server

log = logging.getLogger(__name__)

_TICK_S = 0.03
_STATIC = Path(__file__).parent / "page" / "static"


@dataclass(frozen=True)
class Start:
    """What to begin with; all of it may be empty."""

    url: str = ""
    token: str = ""
    case: str = ""


class Workbench:
    """Everything behind one page.

    Args:
        server: serves the page.
        settings: who works here, and where temporary files go.
    """

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server, self._settings = server, settings
        self._slicer = SlicerApp()
        self._inputs = Fields(server.state, Inputs())
        self._readout = Fields(server.state, Readout())
        self._page = Fields(server.state, Shown())
        _prepare(server)
        self.views = Views(self._slicer, server, overlay)
        self.scene = CaseScene(self._slicer.scene)
        self.workflow = Workflow(Client, self.scene, Worker(), settings)
        self.actions = Actions(self.workflow, self._slicer.scene, self.views, self._inputs)
        self.tools = Tools(self.actions, self._show_trace, self._hovered)
        self._pointers = [Pointer(view, self._slicer.scene, self.tools) for view in self.views.slices]
        self._touch: Touch | None = None
        self._volume_id, self._selected, self._first_case = "", "", ""
        self._shown: State | None = None
        self._bind()
        lay_out(server, self.actions, self.tools)

    def begin(self, start: Start) -> None:
        """Do what was asked on the command line."""
        self._first_case = start.case
        self._inputs.set(address=start.url)
        if start.url:
            self.workflow.connect(start.url, start.token)

    async def run(self) -> None:
        """Keep the page up to date until cancelled."""
        try:
            while True:
                try:
                    self.step()
                except Exception:  # the border: the page goes on, and the log says what was wrong
                    log.exception("the workbench missed a step")
                await asyncio.sleep(_TICK_S)
        finally:
            self.workflow.close()
            for pointer in self._pointers:
                pointer.close()

    def step(self) -> None:
        """Deliver what the worker finished, and show what changed."""
        self.workflow.tick()
        with self._server.state:
            if self.workflow.state is not self._shown:
                self._show(self.workflow.state)
            if self._touch is not None:
                self._show_position(self._touch)
                self._touch = None

    def _bind(self) -> None:
        control = self._server.controller
        control.fit_pane = self.views.fit
        control.toggle_in_3d = self.views.toggle_in_3d
        control.maximise_pane = self.actions.maximise
        shortcuts = {key.press: key for key in keys(self.actions, self.tools)}
        self._server.state.shortcuts = [{"press": key.press, "text": key.text} for key in shortcuts.values()]

        @self._server.trigger("key")
        def _(press: str) -> None:
            shortcuts[press].act()

        self._inputs.on_change("preset", self._preset_chosen)
        self._inputs.on_change("heat_opacity", lambda opacity: self.workflow.set_heat(opacity=float(opacity)))
        self._inputs.on_change("heat_threshold", lambda threshold: self.workflow.set_heat(threshold=float(threshold)))

    def _show(self, state: State) -> None:
        self._shown = state
        self._page.write(present(state, self._settings.client_id))
        if state.strategies and self._inputs.now.strategy not in state.strategies:
            self._inputs.set(strategy=state.strategies[0])
        self._follow_volume(state.case.volume_id if state.case else "")
        self._follow_selection(state)
        self.views.tidy()
        if self._first_case and state.connection.status == READY:
            case, self._first_case = self._first_case, ""
            self.workflow.open_case(case)

    def _follow_volume(self, volume_id: str) -> None:
        if volume_id == self._volume_id:
            return
        self._volume_id = volume_id
        self.views.show_volume(volume_id)
        node = self.actions.volume()
        presets = () if node is None else tuple(preset.name for preset in presets_for(node))
        self._readout.set(presets=presets)
        if self._inputs.now.preset not in presets:
            self._inputs.set(preset="Auto")
        self.actions.use_preset(self._inputs.now.preset)
        self._show_window()

    def _follow_selection(self, state: State) -> None:
        """The size slider follows the selected lesion, but never fights the hand that moves it."""
        lesion = state.lesion(state.selected)
        if (
            lesion is not None
            and lesion.size_mm is not None
            and not (lesion.size_given and lesion.id == self._selected)
        ):
            self._inputs.set(size_mm=round(lesion.size_mm, 1))
        self._selected = state.selected

    def _preset_chosen(self, name: str) -> None:
        self.actions.use_preset(name)
        self._show_window()

    def _show_window(self) -> None:
        now = self.actions.window_level()
        self._readout.set(window_text="" if now is None else f"W {now[0]:.0f}  L {now[1]:.0f}")

    def _show_trace(self, trace: Trace | None) -> None:
        with self._server.state:
            if trace is not None:
                width, height = self.views.view(trace.view).render_window().GetSize()
                self._readout.set(trace_box=f"0 0 {width} {height}")
            self._readout.set(trace=trace)

    def _hovered(self, touch: Touch) -> None:
        self._touch = touch

    def _show_position(self, touch: Touch) -> None:
        r, a, s = point_at(touch.view.get_view_node(), touch.pixel)
        letters = (("L", "R")[r >= 0], ("P", "A")[a >= 0], ("I", "S")[s >= 0])
        numbers = (abs(r), abs(a), abs(s))
        self._readout.set(position_text="  ".join(f"{n} {x:.1f}" for n, x in zip(letters, numbers, strict=True)))
        self._show_window()


def serve(server: Server, workbench: Workbench, start: Start) -> None:
    """Start the loop when the page can be reached, and connect; stop it when the server ends."""

    def ready(**_: object) -> None:
        task = create_task(workbench.run())
        server.controller.on_server_exited.add(lambda **_: task.cancel())
        workbench.begin(start)

    server.controller.on_server_ready.add(ready)


def _prepare(server: Server) -> None:
    """Our own style and keys, nothing from outside, and every field of the page set before it is drawn."""
    version = str(int(time.time()))
    server.enable_module(
        {
            "serve": {f"lesionlab_{version}": str(_STATIC)},
            "scripts": [f"lesionlab_{version}/keys.js"],
            "styles": [f"lesionlab_{version}/page.css"],
        }
    )
    server.state.trame__title = "LesionLab"
    server.state.trame__favicon = None

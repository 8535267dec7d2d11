"""The demo case in Slicer's Sample Data: it comes from the user's own LesionLab server, and from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable

import slicer

from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import CONNECTING, READY

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State

#: The name of the case that `make demo` puts on a server.
DEMO_CASE = "chest"


class DemoOpener:
    """Connects if need be, and opens the demo case as soon as the list of cases is there.

    Args:
        connect: Connects to the address in the panel.
        open_case: Opens a case by name.
    """

    def __init__(self, connect: Callable[[], None], open_case: Callable[[str], None]) -> None:
        self._connect = connect
        self._open_case = open_case
        self._wanted = False

    def start(self, state: State) -> None:
        """Open the demo case now, or once the server answers."""
        self._wanted = True
        if state.connection.status not in {READY, CONNECTING}:
            self._connect()
        else:
            self.render(state)

    def render(self, state: State) -> None:
        """Go on when the server has answered; a server that cannot be reached ends it, the notice says why."""
        if not self._wanted or state.connection.status == CONNECTING:
            return
        if state.connection.status == READY and not state.cases:
            return
        self._wanted = False
        if any(case.image == DEMO_CASE for case in state.cases):
            self._open_case(DEMO_CASE)
        elif state.connection.status == READY:
            slicer.util.infoDisplay(_("This server has no demo case. Start one with: make demo"))


def register_sample_data(icons: Path, open_demo: Callable[[], None]) -> None:
    """Add the demo case to the Sample Data module."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="LesionLab",
        sampleName=_("LesionLab demo case"),
        thumbnailFileName=str(icons / "LesionLab.png"),
        uris="lesionlab:demo",
        fileNames=f"{DEMO_CASE}.nii.gz",
        nodeNames=DEMO_CASE,
        customDownloader=lambda _source: open_demo(),
    )

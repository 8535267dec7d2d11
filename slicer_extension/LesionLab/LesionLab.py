"""LesionLab in 3D Slicer: the module's shell. What it does is in `LesionLabLib`."""

import shutil
import tempfile
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from LesionLabLib.client import Client
from LesionLabLib.panel.demo import register_sample_data
from LesionLabLib.panel.panel import Panel
from LesionLabLib.panel.preferences import Preferences, reader_name
from LesionLabLib.scene import CaseScene
from LesionLabLib.worker import Worker
from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import Settings
from LesionLabLib.workflow.workflow import Workflow

#: How long the main thread waits for the worker at each tick, seconds: Qt's event loop keeps Python's lock to itself otherwise.
YIELD_S = 0.002


class LesionLab(ScriptedLoadableModule):
    """What Slicer knows of the module before it is opened."""

    def __init__(self, parent) -> None:
        super().__init__(parent)
        parent.title = "LesionLab"
        parent.categories = ["Segmentation", "Active Learning"]
        parent.dependencies = []
        parent.contributors = ["LesionLab contributors"]
        parent.helpText = _(
            "A point in a lesion and its size become a mask, by a LesionLab server of your choice. "
            "Images are sent to that server only. Not a medical device: for research only."
        )
        parent.acknowledgementText = _("Works with MONAI Label.")
        if not slicer.app.commandOptions().noMainWindow:
            slicer.app.connect("startupCompleted()", self._register_demo)

    def _register_demo(self) -> None:
        register_sample_data(Path(self.resourcePath("Icons")), open_demo)


def open_demo() -> None:
    """Open the module, and in it the demo case of the user's server."""
    slicer.util.selectModule("LesionLab")
    slicer.modules.lesionlab.widgetRepresentation().self().panel.open_demo()


class LesionLabWidget(ScriptedLoadableModuleWidget):
    """The module's window."""

    def setup(self) -> None:
        """Slicer calls it once, when the module is first opened."""
        super().setup()
        widget = slicer.util.loadUI(self.resourcePath("UI/LesionLab.ui"))
        widget.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(widget)
        preferences = Preferences()
        self._folder = Path(tempfile.mkdtemp(prefix="lesionlab-"))
        settings = Settings(client_id=preferences.client_id, author=reader_name(), folder=self._folder)
        self.workflow = Workflow(Client, CaseScene(slicer.mrmlScene), Worker(yield_s=YIELD_S), settings)
        self.panel = Panel(
            slicer.util.childWidgetVariables(widget),
            self.workflow,
            slicer.mrmlScene,
            preferences,
            slicer.util.mainWindow() or widget,
            slicer.util.confirmYesNoDisplay,
            Path(self.resourcePath("Icons")),
        )

    def enter(self) -> None:
        """Slicer calls it whenever the module is opened."""
        self.panel.enter()

    def exit(self) -> None:
        """Slicer calls it whenever another module is opened."""
        self.panel.leave()

    def cleanup(self) -> None:
        """Slicer calls it before the module is unloaded."""
        self.panel.close()
        self.workflow.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class LesionLabTest(ScriptedLoadableModuleTest):
    """Tests for someone with Slicer: the module's Test button, or ``--testing``. They need no server."""

    def setUp(self) -> None:
        """Start with an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run them all."""
        from LesionLabLib.panel.selftest import run_all

        run_all(self)

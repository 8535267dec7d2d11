"""The panel on a real MRML scene, in a window that nobody sees."""

from __future__ import annotations

from pathlib import Path

import slicer
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QScrollArea

import LesionLabLib
from tests.extension.desktop.recording import RecordingWorkflow
from tests.extension.desktop.standins.application import children, load_ui

MODULE = Path(LesionLabLib.__file__).parents[1]
RESOURCES = MODULE / "Resources"
WIDTH = 440


class MemoryStore(dict[str, object]):
    """A `QSettings` that forgets."""

    def value(self, key: str, default: object) -> object:
        return self.get(key, default)

    def setValue(self, key: str, value: object) -> None:
        self[key] = value

    def remove(self, key: str) -> None:
        self.pop(key, None)


class Desk:
    """Args: ``workflow``: by default one that only remembers what it was told; ``scene``: the scene it works on."""

    def __init__(self, workflow: object = None, scene: slicer.vtkMRMLScene | None = None) -> None:
        # The panel needs the stand-ins that the fixture `application` has put in place by now.
        from LesionLabLib.panel.panel import Panel
        from LesionLabLib.panel.preferences import Preferences

        self.scene = scene if scene is not None else slicer.vtkMRMLScene()
        for kind in (slicer.vtkMRMLInteractionNode, slicer.vtkMRMLSelectionNode):
            self.scene.AddNode(kind())
        self.workflow = workflow if workflow is not None else RecordingWorkflow()
        self.store = MemoryStore()
        self.questions: list[str] = []
        self.answer = True
        widget = load_ui(str(RESOURCES / "UI" / "LesionLab.ui"))
        widget.setMRMLScene(self.scene)
        self.root = widget.native
        self.ui = children(widget)
        self.window = QMainWindow()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.root)
        self.window.setCentralWidget(area)
        self.panel = Panel(
            self.ui, self.workflow, self.scene, Preferences(self.store), self.window, self._confirm, RESOURCES / "Icons"
        )
        self.window.resize(WIDTH, 900)
        self.window.show()
        self.settle()

    def _confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answer

    def settle(self) -> None:
        QApplication.sendPostedEvents(None, 0)
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)

    def wait(self, milliseconds: int) -> None:
        """Let the window live for a while."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def show(self, state: object) -> None:
        self.workflow.show(state)
        self.settle()

    def click(self, name: str) -> list[tuple[str, dict[str, object]]]:
        """Press a button; what the workflow was told."""
        told = getattr(self.workflow, "calls", [])
        told.clear()
        getattr(self.ui, name).native.click()
        self.settle()
        return list(told)

    @property
    def told(self) -> list[tuple[str, dict[str, object]]]:
        return list(self.workflow.calls)

    def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> list[tuple[str, dict[str, object]]]:
        self.workflow.calls.clear()
        QTest.keyClick(self.window, key, modifier)
        self.settle()
        return self.told

    def add_volume(self, name: str) -> str:
        """A scalar volume of the scene; its node id."""
        node = self.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        self.root.setMRMLScene(self.scene)
        return node.GetID()

    def picture(self) -> QImage:
        """What the panel looks like at its full height."""
        for _ in range(3):
            self.settle()
            self.root.layout().activate()
            self.root.resize(WIDTH, self.root.layout().sizeHint().height())
        return self.root.grab().toImage()

    def close(self) -> None:
        self.panel.close()
        self.window.close()
        self.window.deleteLater()
        self.settle()
        self.scene.Clear(1)

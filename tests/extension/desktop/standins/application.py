"""Puts the stand-ins where the extension looks for them, and loads a `.ui` file with them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import slicer
from PySide6.QtCore import QBuffer
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from .pythonqt import Factory, Wrapped, qt_attribute
from .widgets import CUSTOM


class _Qt(ModuleType):
    def __getattr__(self, name: str) -> object:
        return qt_attribute(name)


class ScriptedLoadableModule:
    def __init__(self, parent: SimpleNamespace) -> None:
        self.parent = parent

    def resourcePath(self, name: str) -> str:
        return str(Path(self.parent.path).parent / "Resources" / name)


class ScriptedLoadableModuleWidget:
    def __init__(self, parent: QWidget, path: str) -> None:
        self._path = path
        self.parent = Wrapped(parent)
        self.layout = Wrapped(parent.layout() or QVBoxLayout(parent))

    def resourcePath(self, name: str) -> str:
        return str(Path(self._path).parent / "Resources" / name)

    def setup(self) -> None:
        return None


class ScriptedLoadableModuleTest:
    def delayDisplay(self, _message: str) -> None:
        return None


def load_ui(path: str) -> Wrapped:
    """The widget of a `.ui` file. Raises when Qt cannot make it.

    Its connections pass MRML scenes on, which PySide6 cannot; the stand-in of `qMRMLWidget` does that itself.
    """
    tree = ElementTree.parse(path).getroot()
    for connections in tree.findall("connections"):
        tree.remove(connections)
    loader = QUiLoader()
    for kind in CUSTOM:
        loader.registerCustomWidget(kind)
    buffer = QBuffer()
    buffer.setData(ElementTree.tostring(tree))
    widget = loader.load(buffer)
    if widget is None:
        raise RuntimeError(f"{path}: {loader.errorString()}")
    return Wrapped(widget)


def children(widget: Wrapped) -> SimpleNamespace:
    """Named widgets below a widget, as `slicer.util.childWidgetVariables` gives them."""
    found = [widget.native, *widget.native.findChildren(QWidget)]
    return SimpleNamespace(**{child.objectName(): Wrapped(child) for child in found if child.objectName()})


def install(set_module: Callable[[str, ModuleType], None]) -> QApplication:
    """Make `import qt` and what is missing in slicer-core work; ``set_module`` puts a module into `sys.modules`."""
    application = QApplication.instance() or QApplication(["tests"])
    set_module("qt", _Qt("qt"))
    ctk = ModuleType("ctk")
    for kind in CUSTOM[:2]:
        setattr(ctk, kind.__name__, Factory(kind))
    set_module("ctk", ctk)
    module = ModuleType("slicer.ScriptedLoadableModule")
    for kind in (ScriptedLoadableModule, ScriptedLoadableModuleWidget, ScriptedLoadableModuleTest):
        setattr(module, kind.__name__, kind)
    set_module("slicer.ScriptedLoadableModule", module)
    assert sys.modules["slicer"] is slicer
    return application

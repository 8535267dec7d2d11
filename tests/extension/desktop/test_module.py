"""The module's shell with stand-ins for the application, and what its files may contain."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import slicer
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from tests.extension.desktop.desk import MODULE, RESOURCES, Desk
from tests.extension.desktop.standins.application import children, load_ui

ALLOWED = {"slicer", "vtk", "qt", "ctk", "numpy", "requests", "LesionLabLib", "SampleData"} | set(
    sys.stdlib_module_names
)
REPOSITORY = MODULE.parents[1]


@pytest.fixture
def shell(application: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The module as Slicer would load it."""
    scene = slicer.vtkMRMLScene()
    window = QMainWindow()
    started: list = []
    app = SimpleNamespace(
        commandOptions=lambda: SimpleNamespace(noMainWindow=False),
        connect=lambda signal, receiver: started.append((signal, receiver)),
        applicationLogic=lambda: SimpleNamespace(
            GetUserInformation=lambda: SimpleNamespace(GetName=lambda: "Dr. Reader")
        ),
    )
    for name, value in {"mrmlScene": scene, "app": app}.items():
        monkeypatch.setattr(slicer, name, value, raising=False)
    for name, value in {
        "loadUI": load_ui,
        "childWidgetVariables": children,
        "mainWindow": lambda: None,
        "confirmYesNoDisplay": lambda _: True,
    }.items():
        monkeypatch.setattr(slicer.util, name, value, raising=False)
    yield SimpleNamespace(scene=scene, window=window, started=started)
    window.close()


def _python_files() -> list[Path]:
    return [file for file in sorted(MODULE.rglob("*.py")) if "__pycache__" not in file.parts]


def test_the_shell_opens_the_panel_on_the_real_workflow_and_cleans_up_behind_itself(shell: SimpleNamespace) -> None:
    import LesionLab

    place = QWidget(shell.window)
    QVBoxLayout(place)
    widget = LesionLab.LesionLabWidget(place, str(MODULE / "LesionLab.py"))
    widget.setup()
    assert widget.workflow.state.connection.status == "none"
    folder = widget._folder
    assert folder.is_dir()
    widget.enter()
    widget.exit()
    widget.cleanup()
    assert not folder.exists()


def test_the_module_tells_slicer_what_it_is_and_offers_its_demo_after_the_start(shell: SimpleNamespace) -> None:
    import LesionLab

    parent = SimpleNamespace(path=str(MODULE / "LesionLab.py"))
    LesionLab.LesionLab(parent)
    assert parent.title == "LesionLab"
    assert "research only" in parent.helpText
    assert [signal for signal, _ in shell.started] == ["startupCompleted()"]


def test_the_shell_is_short() -> None:
    assert len((MODULE / "LesionLab.py").read_text().splitlines()) < 120


def test_the_checks_for_a_real_slicer_that_need_no_window_hold_here_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from LesionLabLib.panel import selftest

    monkeypatch.setattr(slicer, "mrmlScene", desk.scene, raising=False)
    selftest.check_click()
    selftest.check_scene()


@pytest.mark.parametrize("file", _python_files(), ids=lambda file: str(file.relative_to(MODULE)))
def test_a_file_imports_only_what_slicer_has_and_is_python_39(file: Path) -> None:
    tree = ast.parse(file.read_text(), feature_version=(3, 9))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            roots.add(node.module.split(".")[0])
    assert roots <= ALLOWED
    if "panel" not in file.parts and file.name != "LesionLab.py":
        assert not roots & {"qt", "ctk"}


def test_no_file_of_the_extension_names_a_task() -> None:
    names = [file.stem for file in (REPOSITORY / "configs").glob("*.y*ml")]
    assert "lesion_shape" in names
    word = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")
    files = [*_python_files(), *RESOURCES.rglob("*.ui")]
    assert [str(file) for file in files if word.search(file.read_text())] == []


def test_the_ui_file_hands_the_scene_to_every_node_selector() -> None:
    tree = ElementTree.parse(RESOURCES / "UI" / "LesionLab.ui")
    selectors = {entry.get("name") for entry in tree.iter("widget") if entry.get("class") == "qMRMLNodeComboBox"}
    connected = {
        entry.findtext("receiver")
        for entry in tree.iter("connection")
        if entry.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
    }
    assert selectors == connected == {"volumeSelector", "doseSelector"}


def test_every_icon_belongs_to_a_button_or_to_the_module() -> None:
    widgets = ElementTree.parse(RESOURCES / "UI" / "LesionLab.ui").iter("widget")
    buttons = {entry.get("name") for entry in widgets if entry.get("class") in {"QPushButton", "QToolButton"}}
    icons = {file.stem for file in (RESOURCES / "Icons").iterdir()}
    assert icons - buttons == {"LesionLab"}


def test_what_the_panel_says_can_be_translated() -> None:
    """Sentences that a reader sees go through ``_``: no string with a blank in it is given to a widget as it is."""
    shown = {"setText", "setToolTip", "QLabel", "QPushButton", "infoDisplay", "setSpecialValueText", "addItem"}
    for file in (MODULE / "LesionLabLib" / "panel").glob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            words = [
                arg.value
                for arg in call.args
                if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and " " in arg.value
            ]
            assert name not in shown or not words, f"{file.name}:{call.lineno}"

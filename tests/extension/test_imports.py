"""What a file of the extension may know: Slicer's own libraries and Python 3.9, and each folder only its part of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "slicer_extension" / "LesionLab"
FILES = sorted(ROOT.rglob("*.py"))
BUNDLED = {"slicer", "vtk", "qt", "ctk", "numpy", "requests", "LesionLabLib"}
#: Modules of Slicer itself that are known by a name of their own; they are windows, too.
SLICERS_OWN = {"SampleData"}
WINDOWS = {"qt", "ctk"}
APPLICATION = {"app", "modules", "mrmlScene"}


def name_of(path):
    return str(path.relative_to(ROOT))


def imported(tree):
    """The full names of the modules that a file imports; relative imports are LesionLabLib's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "LesionLabLib" if node.level else node.module


def packages(tree):
    return {name.partition(".")[0] for name in imported(tree)}


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path), feature_version=(3, 9))


def is_for_qt(path):
    name = name_of(path)
    return name == "LesionLab.py" or name.startswith(("LesionLabLib/panel/", "Testing/"))


def annotations_are_text(tree):
    return any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_python_3_9_and_imports_only_what_slicer_brings(path):
    tree = parsed(path)

    assert packages(tree) <= BUNDLED | sys.stdlib_module_names | (SLICERS_OWN if is_for_qt(path) else set())
    assert not any(isinstance(node, ast.AnnAssign) for node in ast.walk(tree)) or annotations_are_text(tree)


@pytest.mark.parametrize("path", [path for path in FILES if not is_for_qt(path)], ids=name_of)
def test_only_the_panel_knows_windows(path):
    assert packages(parsed(path)) & WINDOWS == set()


@pytest.mark.parametrize("path", [path for path in FILES if not is_for_qt(path)], ids=name_of)
def test_outside_the_panel_no_file_reaches_for_the_application(path):
    reached = {
        f"slicer.{node.attr}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "slicer"
        and node.attr in APPLICATION
    }
    names = {name for name in imported(parsed(path)) if name.startswith("slicer.")}

    assert reached == set()
    assert names & {f"slicer.{part}" for part in APPLICATION} == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("LesionLabLib/*.py")), ids=name_of)
def test_client_and_worker_know_no_slicer(path):
    assert packages(parsed(path)) & {"slicer", "vtk"} == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_uses_what_python_3_9_lacks_besides_syntax(path):
    tree = parsed(path)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    keywords = {(call.func.id, keyword.arg) for call in calls for keyword in call.keywords}

    assert keywords & {("dataclass", "slots"), ("dataclass", "kw_only"), ("zip", "strict")} == set()
    modules = set(imported(tree))
    assert modules.isdisjoint({"tomllib", "typing_extensions"})
    taken = {(n.module, a.name) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    newer = {"Self", "TypeAlias", "ParamSpec", "assert_never", "override", "StrEnum", "UTC", "pairwise", "batched"}
    assert {name for _, name in taken} & newer == set()


def test_the_client_and_the_worker_import_without_slicer_or_qt():
    foreign = {"slicer", "vtk", "qt", "ctk", "torch"}
    code = f"import sys, LesionLabLib.client, LesionLabLib.worker; print(*sorted({foreign} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert run.stdout.split() == []


def test_the_page_in_a_browser_shares_the_workflow_and_not_the_desktops_window():
    files = sorted((ROOT.parent / "browser").rglob("*.py"))
    taken = {name for path in files for name in imported(ast.parse(path.read_text(encoding="utf-8")))}

    assert "LesionLabLib.workflow" in taken
    assert [name for name in taken if name.startswith("LesionLabLib.panel") or name in WINDOWS] == []


def test_there_are_files_to_check():
    assert {"LesionLabLib/client.py", "LesionLabLib/worker.py"} <= {name_of(path) for path in FILES}

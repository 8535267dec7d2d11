"""The extension is configured and packaged by the real CMake, with a stand-in for Slicer's build tree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
STAND_IN = Path(__file__).parent / "slicer"
MODULE = REPOSITORY / "slicer_extension" / "LesionLab"
INSTALLED = "lib/Slicer-0.0/qt-scripted-modules"


def _tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is not installed; it comes with requirements/dev.txt"
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what belongs to the extension."""
    copy = tmp_path / "source"
    hidden = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(MODULE, copy / "slicer_extension" / "LesionLab", ignore=hidden)
    shutil.copy(REPOSITORY / "CMakeLists.txt", copy)
    return copy


def _configure(tree: Path) -> subprocess.CompletedProcess[str]:
    # The generator and the languages are Slicer's matter: a scripted extension compiles nothing.
    listing = (tree / "CMakeLists.txt").read_text()
    (tree / "CMakeLists.txt").write_text(listing.replace("project(LesionLab)", "project(LesionLab NONE)"))
    ninja = f"-DCMAKE_MAKE_PROGRAM={_tool('ninja')}"
    return _run(
        _tool("cmake"), "-G", "Ninja", ninja, f"-DSlicer_DIR={STAND_IN}", "-S", str(tree), "-B", str(tree / "build")
    )


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _module_files(tree: Path) -> set[str]:
    module = tree / "slicer_extension" / "LesionLab"
    scripts = {file for file in module.rglob("*.py") if "Testing" not in file.parts}
    resources = {file for file in (module / "Resources").rglob("*") if file.is_file()}
    return {str(file.relative_to(module)) for file in scripts | resources}


def test_the_package_holds_every_file_of_the_module_and_nothing_else(tree: Path) -> None:
    configured = _configure(tree)
    assert configured.returncode == 0, configured.stderr
    packed = _run(_tool("cpack"), "--config", str(tree / "build" / "CPackConfig.cmake"), "-B", str(tree / "package"))
    assert packed.returncode == 0, packed.stderr
    with tarfile.open(tree / "package" / "LesionLab.tar.gz") as archive:
        names = {name.split(INSTALLED + "/", 1)[1] for name in archive.getnames() if archive.getmember(name).isfile()}
    assert names == _module_files(tree)
    assert {
        "LesionLab.py",
        "LesionLabLib/panel/panel.py",
        "Resources/UI/LesionLab.ui",
        "Resources/Icons/LesionLab.png",
    } <= names


@pytest.mark.parametrize(
    "name", ["LesionLabLib/panel/forgotten.py", "LesionLabLib/forgotten.py", "Resources/Icons/forgotten.svg"]
)
def test_a_file_that_is_not_listed_stops_the_build_and_is_named(tree: Path, name: str) -> None:
    (tree / "slicer_extension" / "LesionLab" / name).write_text("")
    configured = _configure(tree)
    assert configured.returncode != 0
    assert re.search(r"not listed in\s+CMakeLists.txt:\s+" + re.escape(name), configured.stderr)


def test_a_file_that_is_listed_but_missing_stops_the_build_and_is_named(tree: Path) -> None:
    (tree / "slicer_extension" / "LesionLab" / "LesionLabLib" / "errors.py").unlink()
    configured = _configure(tree)
    assert configured.returncode != 0
    assert "LesionLabLib/errors.py" in configured.stderr


def test_an_extension_that_does_not_describe_itself_is_refused(tree: Path) -> None:
    listing = tree / "CMakeLists.txt"
    listing.write_text(re.sub(r"set\(EXTENSION_DESCRIPTION.*\n", "", listing.read_text()))
    configured = _configure(tree)
    assert configured.returncode != 0
    assert "EXTENSION_DESCRIPTION is not set" in configured.stderr


def test_the_index_entry_has_what_schema_1_0_1_asks_for_and_nothing_else() -> None:
    entry = json.loads((REPOSITORY / "slicer_extension" / "LesionLab.json").read_text())
    known = {
        "$schema",
        "category",
        "scm_url",
        "scm_revision",
        "scm_type",
        "build_dependencies",
        "build_subdirectory",
        "enabled",
        "tier",
    }
    assert {"$schema", "category", "scm_url"} <= set(entry) <= known
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert entry["tier"] in {1, 3, 5}
    assert entry["build_dependencies"] == []
    assert (REPOSITORY / entry["build_subdirectory"] / "CMakeLists.txt").is_file()

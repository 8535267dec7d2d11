"""What a user installs holds everything, and the pins are one list."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of what is in the source folder."""
    pytest.importorskip("hatchling", reason="the build backend is not installed here")
    source = tmp_path_factory.mktemp("source")
    for name in ("lib", "configs", "requirements", "slicer_extension"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(source / "dist")]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return zipfile.ZipFile(next((source / "dist").glob("*.whl")))


def test_the_wheel_holds_every_task_every_checkpoint_with_its_card_and_the_workbench(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    expected = {f"lesionlab/configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml")}
    expected |= {
        f"lesionlab/weights/{path.name}" for path in (ROOT / "lib/lesionlab/weights").glob("*") if path.is_file()
    }
    expected |= {"lesionlab/py.typed", "pydicom_seg/__init__.py"}
    extension = ROOT / "slicer_extension"
    expected |= {f"lesionlab/{path.relative_to(ROOT)}" for path in extension.rglob("*.py")}

    assert expected - names == set()


def test_the_wheel_brings_the_command_and_the_pins_and_nothing_called_lib(wheel: zipfile.ZipFile) -> None:
    info = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    needs = re.findall(r"^Requires-Dist: (\S+)", wheel.read(info["METADATA"]).decode(), re.MULTILINE)

    assert b"lesionlab = lesionlab.cli:main" in wheel.read(info["entry_points.txt"])
    assert any(need.startswith("torch==") for need in needs)
    assert len(needs) == len(pins("base.txt"))
    assert {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name} == {
        "lesionlab",
        "pydicom_seg",
    }


def pins(name: str) -> list[str]:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("name", ["base.txt", "dev.txt", "viewer.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    assert [line for line in pins(name) if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", line)] == []


def test_what_is_installed_here_is_what_is_pinned() -> None:
    differing = []
    for line in [*pins("base.txt"), *pins("dev.txt")]:
        name, version = re.sub(r"\[.*\]", "", line).split("==")
        if metadata.version(name).split("+")[0] != version:
            differing.append(f"{line}, installed {metadata.version(name)}")

    assert differing == []


def test_make_test_runs_every_check() -> None:
    run = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True)

    for command in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"):
        assert command in run.stdout


def test_make_setup_refuses_an_old_python_with_a_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    command = ["make", "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode != 0
    assert "got Python 3.9.2; expected Python >= 3.11" in run.stderr
    assert not (tmp_path / "venv").exists()

"""What importing one part may not bring in."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lesionlab

PACKAGE = Path(lesionlab.__file__).parent
ROOT = PACKAGE.parents[1]
HEAVY = {"torch", "monai", "monailabel", "scipy", "skimage", "SimpleITK", "itk", "pydicom", "highdicom", "matplotlib"}

# What must answer at once.
LIGHT = ["lesionlab", "lesionlab.task", "lesionlab.errors", "lesionlab.kinds", "lesionlab.cli", "pydicom_seg"]


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_brings_in_no_heavy_package(module: str) -> None:
    code = f"import sys, importlib; importlib.import_module({module!r}); print(*sorted({HEAVY!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.split() == []


def test_inference_needs_no_monai_label() -> None:
    code = "import sys, lesionlab.predict, lesionlab.kinds.shape.model; print('monailabel' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"


def python_files() -> list[Path]:
    return [path for folder in ("lesionlab", "pydicom_seg") for path in sorted((PACKAGE.parent / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_a_source_file_is_small_and_free_of_print_exec_eval_and_pickle(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert len(text.splitlines()) <= 300
    assert called & {"print", "exec", "eval", "breakpoint"} == set()
    assert imported & {"pickle", "dill", "joblib"} == set()

"""What dciodvfy (Debian dicom3tools) says about a file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def errors(path: Path) -> list[str]:
    """The lines that begin with Error; the test is skipped, with the reason, where the program is missing."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    assert said, "dciodvfy did not recognise the object"
    return [line for line in said if line.startswith("Error")]

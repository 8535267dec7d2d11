"""`lesionlab workbench`: what it says when it cannot start."""

from __future__ import annotations

import ctypes
import importlib.util
import io
from pathlib import Path

import pytest

from lesionlab.cli import viewer
from lesionlab.cli.entry import run
from lesionlab.cli.output import Output


def said(*arguments: str) -> tuple[int, str]:
    err = io.StringIO()
    return run(["workbench", *arguments], Output(io.StringIO(), err)), err.getvalue()


def test_without_trame_slicer_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    status, words = said()
    assert status == 2
    assert "pip install 'trame-slicer[standalone]==2.0.0'" in words
    assert words.count("\n") == 1


def test_without_libegl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(ctypes, "CDLL", missing)
    status, words = said()
    assert status == 2
    assert "apt-get install libegl1 libgl1-mesa-dri" in words


def test_a_token_file_that_is_not_there_is_wrong_input(tmp_path: Path) -> None:
    status, words = said("--token-file", str(tmp_path / "none"))
    assert status == 2
    assert "--token-file is not a file" in words


def test_the_extension_is_found_beside_the_checkout() -> None:
    assert (viewer.extension_folder() / "browser" / "__main__.py").is_file()
    assert (viewer.extension_folder() / "LesionLab" / "LesionLabLib").is_dir()

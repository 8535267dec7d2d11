"""The panel as a user has it before them, with stand-ins for what only a Slicer application has."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="package")
def application() -> Iterator[object]:
    """`import qt` works while these tests run, and only then."""
    from tests.extension.desktop.standins.application import install

    before = set(sys.modules)
    yield install(sys.modules.__setitem__)
    for name in set(sys.modules) - before:
        if name in {"qt", "ctk", "slicer.ScriptedLoadableModule", "LesionLab"} or name.startswith("LesionLabLib.panel"):
            del sys.modules[name]


@pytest.fixture
def desk(application: object) -> Iterator[object]:
    """The panel on an empty MRML scene."""
    from tests.extension.desktop.desk import Desk

    desk = Desk()
    yield desk
    desk.close()

"""Marks as the bytes of a `.mrk.json`, through a file: the scene writes files, the server takes bytes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from LesionLabLib.scene import Mark

from .context import Context


@contextmanager
def temporary(context: Context, suffix: str) -> Iterator[Path]:
    """The path of a file that is gone afterwards."""
    path = context.settings.folder / f"{uuid.uuid4().hex}{suffix}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def written_marks(context: Context) -> bytes:
    """The marks of the scene."""
    with temporary(context, ".mrk.json") as path:
        context.scene.write_marks(path)
        return path.read_bytes()


def shown_marks(context: Context, content: bytes) -> tuple[Mark, ...]:
    """Show marks in the scene."""
    with temporary(context, ".mrk.json") as path:
        path.write_bytes(content)
        return context.scene.load_marks(path)

"""Files that are either the old one or the new one, never half of either."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".png", ".jpg", ".jpeg", ".dcm")
_CHUNK = 1024 * 1024


def write_atomically(path: Path, text: str) -> None:
    """Replace the file's content at once; a reader sees the old or the new text, also when this process dies."""
    _replace(path, lambda stream: stream.write(text.encode()))


def copy_atomically(source: Path, path: Path) -> None:
    """Replace the file by a copy of another at once; a reader sees the old or the new one, also when this process dies."""
    with source.open("rb") as content:
        _replace(path, lambda stream: shutil.copyfileobj(content, stream, _CHUNK))


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes the file private; give it the permissions that a plain write would.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def image_name(path: Path | str) -> str:
    """The name of an image without its suffix: ``a.b.nii.gz`` -> ``a.b``."""
    name = Path(path).name
    lower = name.lower()
    return next((name[: -len(suffix)] for suffix in SUFFIXES if lower.endswith(suffix)), name)


def image_files(folder: Path) -> list[Path]:
    """The images that lie in a folder itself, by name; hidden files are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.name.lower().endswith(SUFFIXES)
    )

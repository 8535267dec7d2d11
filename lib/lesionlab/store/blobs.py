"""Files by the SHA-256 of their content: never changed once they are there, never half written."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1024 * 1024
_PART = "part-"
#: Younger files may be of a save that another process is about to finish.
_ABANDONED_SECONDS = 3600.0


@dataclass(frozen=True)
class Blob:
    """A stored file.

    Attributes:
        checksum: SHA-256 of its bytes, in hexadecimal.
        suffix: its kind, such as ".nii.gz"; part of its name, so that any reader can open it.
        size_bytes: its length.
    """

    checksum: str
    suffix: str
    size_bytes: int


class Blobs:
    """A folder of files, ``ab/abcdef....nii.gz``.

    Args:
        folder: it is made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, checksum: str, suffix: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / checksum[:2] / f"{checksum}{suffix}"

    def add(self, file: Path, suffix: str) -> Blob:
        """Copy a file in. When this returns it is on the disk, whatever happens to this process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=_PART)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                checksum = _copied(file, out.write)
                size = out.tell()
                out.flush()
                os.fsync(out.fileno())
            part.chmod(0o444)
            path = self.path(checksum, suffix)
            # The same content may be there already, or be there in part after the disk itself failed.
            if not path.is_file() or path.stat().st_size != size:
                path.parent.mkdir(exist_ok=True)
                part.replace(path)
                _sync(path.parent)
                _sync(self._folder)
        finally:
            part.unlink(missing_ok=True)
        return Blob(checksum, suffix, size)

    def is_intact(self, blob: Blob, *, deep: bool = False) -> bool:
        """Whether a stored file has its length, and when ``deep`` its checksum."""
        path = self.path(blob.checksum, blob.suffix)
        if not path.is_file() or path.stat().st_size != blob.size_bytes:
            return False
        return not deep or checksum_of(path) == blob.checksum

    def all(self) -> Iterator[Path]:
        """Every stored file."""
        return self._folder.glob("??/*")

    def clear_abandoned(self) -> None:
        """Remove what a process that died left half written."""
        for part in self._folder.glob(f"{_PART}*"):
            if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
                part.unlink(missing_ok=True)


def checksum_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copied(file: Path, write: Callable[[bytes], int]) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            write(chunk)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Files that clients send: named by one rule, streamed to the server's own folder, opened before anything is kept."""

from __future__ import annotations

import os
import shutil
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import UploadFile

from lesionlab.checked import shown
from lesionlab.errors import InputError, TooLargeError
from lesionlab.image.volume import Volume
from lesionlab.server.datastore import SUFFIXES
from lesionlab.server.names import base_name
from lesionlab.store.house import House

_CHUNK = 1024 * 1024
_MOST_FILES = 5000


@contextmanager
def scratch(house: House) -> Iterator[Path]:
    """A new folder among the server's own; it is removed in the end."""
    folder = house.incoming() / uuid.uuid4().hex
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def suffix_of(name: str) -> str:
    """The suffix of an image file.

    Raises:
        InputError: when it is not one that we read.
    """
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return suffix
    raise InputError("the file is of no image type that we read", got=name, expected=f"one of {', '.join(SUFFIXES)}")


def received(upload: UploadFile, folder: Path, what: str) -> Path:
    """Store one upload in ``folder`` under its own checked name; returns the file.

    Raises:
        InputError: when the name is not valid or it is empty.
    """
    path = folder / base_name(upload.filename, what)
    with path.open("wb") as out:
        shutil.copyfileobj(upload.file, out, _CHUNK)
    if path.stat().st_size == 0:
        raise InputError(f"{what} is empty", got=path.name, expected="an image file")
    return path


def opened(path: Path) -> Volume:
    """The image in a received file or folder; the error names it as the client did.

    Raises:
        InputError: when it cannot be read as an image.
    """
    from lesionlab.image.files import read_volume

    try:
        return read_volume(path)
    except InputError as error:
        raise error.without(f"{path.parent}{os.sep}") from error


def unpacked(archive: Path, folder: Path, limit_bytes: int) -> Path:
    """The files of a zip or tar archive, flat in ``folder`` under names of our own; returns the folder.

    Raises:
        InputError: when it is no archive or holds no files.
        TooLargeError: when its content is over the limit.
    """
    folder.mkdir()
    count, size = 0, 0
    try:
        for name, content in _members(archive):
            count += 1
            with content, (folder / f"{count:05d}{_harmless_suffix(name)}").open("wb") as out:
                while chunk := content.read(_CHUNK):
                    size += len(chunk)
                    if size > limit_bytes or count > _MOST_FILES:
                        raise TooLargeError(
                            "the archive holds too much",
                            got=f"{count} files, {size} bytes or more",
                            expected=f"at most {_MOST_FILES} files, {limit_bytes} bytes",
                        )
                    out.write(chunk)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise InputError(
            "the archive cannot be read", got=shown(str(error)), expected="an intact .zip or .tar.gz"
        ) from error
    if not count:
        raise InputError(
            "the archive holds no files", got=archive.name, expected="one image, or the slices of one series"
        )
    return folder


def _members(archive: Path) -> Iterator[tuple[str, BinaryIO]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    yield info.filename, zipped.open(info)  # type: ignore[misc]
        return
    with tarfile.open(archive) as tarred:
        for member in tarred:
            content = tarred.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content  # type: ignore[misc]


def _harmless_suffix(name: str) -> str:
    return next((suffix for suffix in (*SUFFIXES, ".dcm") if name.lower().endswith(suffix)), ".dcm")

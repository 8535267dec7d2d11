"""Archives that CIRCUS DB exports (tgz or zip): ``<caseId>/data.json``, volumes and voxel labels as MetaImage."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError, NotFoundError, TooLargeError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import MAX_BYTES
from lesionlab.image.volume import Volume
from lesionlab.store.circus_model import CircusCase, parsed

_MEMBER = re.compile(r"(?:\./)?([A-Za-z0-9_-]{1,128})/(data\.json|vol\d{3}(?:-label(?:\d{3})?)?\.(?:mhd|raw))")


@dataclass(frozen=True)
class ExportedCase:
    """A case of an archive, unpacked into a folder."""

    folder: Path
    case: CircusCase

    def volume(self, series: int) -> Volume:
        """The volume (x, y, z) of a series; the archive tells its spacing, not where in the patient it lies."""
        return read_volume(self.folder / f"vol{series:03}.mhd")

    def voxels(self, series: int, label: int, lattice: Geometry) -> NDArray[np.bool_] | None:
        """The mask of a voxel label, or None when the archive has none (an empty label).

        Raises:
            InputError: the mask has another size than its volume.
        """
        alone = self.folder / f"vol{series:03}-label{label:03}.mhd"
        together = self.folder / f"vol{series:03}-label.mhd"
        if not alone.is_file() and not together.is_file():
            return None
        found = read_volume(alone if alone.is_file() else together)
        if found.geometry.shape != lattice.shape:
            raise InputError(
                f"{alone}: another size than its volume", got=found.geometry.shape, expected=f"{lattice.shape}"
            )
        return np.asarray(found.array > 0 if alone.is_file() else found.array == label + 1)


def unpack_archive(archive: Path, folder: Path) -> tuple[ExportedCase, ...]:
    """Unpack the cases of an archive into an empty folder; only the files that CIRCUS DB writes are taken.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is no archive, broken, or holds no case.
        TooLargeError: its content would not fit.
    """
    if not archive.is_file():
        raise NotFoundError("the archive does not exist", got=str(archive))
    total = 0
    try:
        for name, size, content in _members(archive):
            match = _MEMBER.fullmatch(name)
            if match is None:
                continue
            total += size
            if total > MAX_BYTES:
                raise TooLargeError(f"{archive}: its content is too large", expected=f"at most {MAX_BYTES} bytes")
            target = folder / match[1] / match[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            with content() as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise InputError(f"{archive}: cannot be read as an archive", got=str(error), expected="tgz or zip") from error
    cases = tuple(_case(path) for path in sorted(folder.glob("*/data.json")))
    if not cases:
        raise InputError(f"{archive}: holds no case", expected="a folder with data.json for each case")
    return cases


@contextmanager
def _plain(packed: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    source = packed.extractfile(member)
    if source is None:
        raise InputError(f"{member.name} is no plain file")
    with source:
        yield source


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], AbstractContextManager[IO[bytes]]]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                yield entry.filename, entry.file_size, partial(packed.open, entry)
        return
    with tarfile.open(archive, "r:*") as packed_tar:
        for member in packed_tar:
            if member.isfile():
                yield member.name, member.size, partial(_plain, packed_tar, member)


def _case(path: Path) -> ExportedCase:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.parent.name}/data.json cannot be read", got=str(error)) from error
    return ExportedCase(path.parent, parsed(CircusCase, content, f"{path.parent.name}/data.json"))

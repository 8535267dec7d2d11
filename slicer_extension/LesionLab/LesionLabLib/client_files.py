"""Files on their way: streamed out as a form, streamed in under a temporary name. No file is ever whole in memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO

from .client_wire import Body
from .errors import LocalFault
from .worker import Job

_PIECE = 1 << 18
_SUFFIX = re.compile(r"(\.nii\.gz|\.nii|\.nrrd|\.nhdr|\.mha|\.mhd|\.png|\.jpe?g|\.dcm|\.zip)$", re.IGNORECASE)
#: How a file begins, for servers that do not name what they send.
_BEGINNINGS = ((b"\x1f\x8b", ".nii.gz"), (b"NRRD", ".nrrd"), (b"\x89PNG", ".png"), (b"\xff\xd8", ".jpg"))


def form(texts: Mapping[str, str], field: str, file: Path, name: str, job: Job) -> Body:
    """A form (multipart/form-data) with texts and one file, which is read while it is sent; ``job`` hears how much is sent.

    Args:
        texts: fields before the file.
        field: the file's field.
        file: it must not change while it is sent.
        name: what the server is told as its name; the file's own suffix is added.
        job: stops the sending when it is cancelled.

    Raises:
        LocalFault: the file cannot be read.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise _fault("read", file, error) from error
    mark = uuid.uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in texts.items()]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}{suffix_of(file.name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    head, tail = "".join(parts).encode("utf-8"), f"\r\n--{mark}--\r\n".encode("ascii")

    def pieces() -> Iterator[bytes]:
        yield head
        for done, piece in _read(file, size):
            job.report(done / size)
            yield piece
        yield tail

    return Body(f"multipart/form-data; boundary={mark}", len(head) + size + len(tail), pieces)


def small_form(texts: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> Body:
    """A form of texts and of files (name, content) that are small enough for the memory."""
    mark = uuid.uuid4().hex
    content = bytearray()
    for key, text in texts.items():
        content += f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode()
    for key, (name, data) in files.items():
        content += f'--{mark}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n\r\n'.encode()
        content += data + b"\r\n"
    content += f"--{mark}--\r\n".encode()
    whole = bytes(content)
    return Body(f"multipart/form-data; boundary={mark}", len(whole), lambda: iter((whole,)))


def suffix_of(name: str) -> str:
    """The suffix of an image's name, both parts of .nii.gz."""
    found = _SUFFIX.search(name)
    return found.group(0) if found else Path(name).suffix


def checksum_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        LocalFault: the file cannot be read.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise _fault("read", file, error) from error
    total = hashlib.sha256()
    for _, piece in _read(file, size):
        total.update(piece)
    return total.hexdigest()


@dataclass(frozen=True)
class Landing:
    """A file that is being received: nobody sees it before it is whole."""

    file: IO[bytes]
    path: Path

    def take(self, piece: bytes) -> None:
        """Write the next piece.

        Raises:
            LocalFault: it cannot be written, for instance because the disk is full.
        """
        try:
            self.file.write(piece)
        except OSError as error:
            raise _fault("write", self.path, error) from error

    def settle(self, name: str, headers: Mapping[str, str]) -> Path:
        """Close the file and give it its name: ``name``, and the suffix of what the server sent."""
        try:
            self.file.close()
            target = self.path.with_name(local_name(name) + (_sent_suffix(headers) or _guessed_suffix(self.path)))
            os.replace(self.path, target)
        except OSError as error:
            raise _fault("write", self.path, error) from error
        return target


@contextlib.contextmanager
def landing(folder: Path) -> Iterator[Landing]:
    """Room for a file in ``folder``, which is made if need be; what is not settled in the end is removed.

    Raises:
        LocalFault: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".receiving-", suffix=".part", dir=folder)
    except OSError as error:
        raise _fault("write into", folder, error) from error
    path, file = Path(name), os.fdopen(number, "wb")
    try:
        yield Landing(file, path)
    finally:
        with contextlib.suppress(OSError):  # what a full disk could not take is given up anyway
            file.close()
        with contextlib.suppress(OSError):
            path.unlink()


def local_name(name: str) -> str:
    """A name that every file system takes."""
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .")
    return plain[:120] or "image"


def _sent_suffix(headers: Mapping[str, str]) -> str:
    message = Message()
    message["content-disposition"] = headers.get("content-disposition", "")
    name = message.get_filename() or ""
    found = _SUFFIX.search(name)
    return found.group(0).lower() if found else ""


def _guessed_suffix(file: Path) -> str:
    with file.open("rb") as stream:
        start = stream.read(8)
    return next((suffix for beginning, suffix in _BEGINNINGS if start.startswith(beginning)), ".nii")


def _read(file: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """The pieces of a file, each with how many bytes are read by then."""
    done = 0
    try:
        with file.open("rb") as stream:
            while done < size:
                piece = stream.read(min(_PIECE, size - done))
                if not piece:
                    raise LocalFault(f"The file {file} became shorter while it was read.")
                done += len(piece)
                yield done, piece
    except OSError as error:
        raise _fault("read", file, error) from error


def _fault(verb: str, path: Path, error: OSError) -> LocalFault:
    return LocalFault(f"This computer cannot {verb} {path}: {error.strerror or error}.")

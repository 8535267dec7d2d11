"""The browser workbench as a process of its own: the Slicer libraries that it draws with never enter ours."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError, InternalError

#: Loading Slicer's libraries takes seconds, and minutes on a busy disk that reads them for the first time.
_START_S = 180.0
_LAST_WORDS = 3


@dataclass(frozen=True)
class Viewer:
    """A workbench that runs."""

    url: str
    process: subprocess.Popen[str]


def extension_folder() -> Path:
    """The folder of the Slicer extension: inside the installed package, or at the root of a source checkout."""
    inside = Path(__file__).parents[1] / "slicer_extension"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "slicer_extension"


def check_viewer() -> None:
    """See whether the workbench can run here.

    Raises:
        InputError: something has to be installed first; the message says what.
    """
    if importlib.util.find_spec("trame_slicer") is None:
        raise InputError(
            "the workbench needs trame-slicer",
            got="it is not installed",
            hint="pip install 'trame-slicer[standalone]==2.0.0'",
        )
    try:
        ctypes.CDLL("libEGL.so.1")
    except OSError as error:
        hint = "on Debian: apt-get install libegl1 libgl1-mesa-dri"
        raise InputError("the workbench draws with libEGL", got=str(error), hint=hint) from error
    if not (extension_folder() / "browser").is_dir():
        raise InternalError("the workbench is not part of this installation", got=str(extension_folder()))


@contextlib.contextmanager
def running_viewer(
    server: str, host: str, port: int, token_file: Path | None = None, case: str = ""
) -> Iterator[Viewer]:
    """Serve the workbench while the context lasts.

    Args:
        server: URL of the LesionLab server that it connects to; empty leaves that to the page.
        host: address to listen at.
        port: TCP port; 0 takes a free one.
        token_file: holds the LesionLab server's token.
        case: the case to open first.

    Raises:
        InputError: something has to be installed first.
        InternalError: it did not start; its last words are told.
    """
    check_viewer()
    command = [sys.executable, "-m", "browser", "--server", server, "--host", host, "--port", str(port)]
    if case:
        command += ["--case", case]
    if token_file is not None:
        command += ["--token-file", str(token_file)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        # A session of its own: Ctrl-C on the terminal reaches us alone, and we stop it.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            stdout=subprocess.PIPE,
            stderr=words,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(),
            text=True,
        )
        try:
            url = _first_line(process)
            if not url:
                words.seek(0)
                last = words.read().strip().splitlines()[-_LAST_WORDS:]
                raise InternalError("the workbench did not start", got=" | ".join(last) or "no output")
            yield Viewer(url, process)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    """Ours, with the extension's packages findable."""
    env = dict(os.environ)
    folder = extension_folder()
    paths = (str(folder), str(folder / "LesionLab"), env.get("PYTHONPATH", ""))
    env["PYTHONPATH"] = os.pathsep.join(part for part in paths if part)
    return env


def _first_line(process: subprocess.Popen[str]) -> str:
    """The address that it prints once it can be reached; empty when it ends or stays silent."""
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:  # to the end, so that it never waits for us to read
            if line.startswith("http") and not lines:
                lines.append(line.strip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    end = time.monotonic() + _START_S
    while not lines and process.poll() is None and time.monotonic() < end:
        reader.join(0.1)
    return lines[0] if lines else ""


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

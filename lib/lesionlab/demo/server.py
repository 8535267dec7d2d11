"""The demo's server: the real one, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from lesionlab.errors import InternalError

_HOST = "127.0.0.1"
_START_S = 120.0


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    process: subprocess.Popen[bytes]


def free_port(wanted: int) -> int:
    """``wanted`` when nobody listens there, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except (OSError, OverflowError):
            probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(studies: Path, port: int, log: Path) -> Iterator[Server]:
    """Serve ``studies`` while the context lasts; what the server says goes to the file ``log``.

    Raises:
        InternalError: it did not start; the end of its log is shown.
    """
    command = [sys.executable, "-m", "lesionlab", "serve", "--studies", str(studies), "--port", str(port)]
    with log.open("wb") as sink:
        # A session of its own: Ctrl-C on the terminal reaches the demo alone, which then stops the server.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, env=_env()
        )
        try:
            url = f"http://{_HOST}:{port}"
            _wait(process, url, log)
            yield Server(url, process)
        finally:
            _stop(process)


def _env() -> dict[str, str]:
    """Our environment, with the package findable when it is not installed, and the loopback never behind a proxy."""
    env = dict(os.environ)
    source = str(Path(__file__).parents[2])
    env["PYTHONPATH"] = os.pathsep.join(part for part in (source, env.get("PYTHONPATH", "")) if part)
    return env


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _START_S
    session = requests.Session()
    session.trust_env = False
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(requests.RequestException):
            if session.get(f"{url}/info/", timeout=5).ok:
                return
        time.sleep(0.1)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    state = "is silent" if process.poll() is None else f"ended with status {process.returncode}"
    raise InternalError(f"the server {state}", got=" | ".join(last) or "no output", hint=f"its log is {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

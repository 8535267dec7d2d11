"""Servers that start at once, for tests that kill them often: one process imports everything and forks each server.

``python -m benchmarks.nursery STUDIES PORT`` starts a server for each line that it reads, and prints its process id.
A server is killed by that id with SIGKILL: no line of Python, no destructor and no ``finally`` runs in it any more.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from benchmarks.served import ROOT


class Nursery:
    """The process that forks servers, and the server that lives.

    Args:
        studies: what the servers serve.
        port: where.
        log: what they write goes there.
    """

    def __init__(self, studies: Path, port: int, log: Path) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")])
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            # MONAI Label reads these when it is imported, before the server is forked.
            "MONAI_LABEL_APP_DIR": str(ROOT / "lib" / "lesionlab" / "server" / "entry"),
            "MONAI_LABEL_STUDIES": str(studies),
            "MONAI_LABEL_SERVER_PORT": str(port),
        }
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.nursery", str(studies), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            cwd=studies.parent,
        )
        self._server = 0

    def start(self) -> int:
        """Start a server; it may take a moment until it answers. Returns its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"start\n")
        self._process.stdin.flush()
        self._server = int(self._process.stdout.readline())
        return self._server

    def kill(self) -> None:
        """Kill the server as a power cut of its process would."""
        if self._server:
            os.kill(self._server, signal.SIGKILL)
            assert self._process.stdout is not None
            ended = int(self._process.stdout.readline())
            if ended != self._server:
                raise AssertionError(f"process {ended} ended, expected {self._server}")
            self._server = 0

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.kill()
        finally:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._log.close()


def _nurse(studies: str, port: int) -> None:
    # Whoever prints something must not be taken for us.
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    import lesionlab.server.app
    import lesionlab.server.asgi  # noqa: F401
    from lesionlab.errors import InputError
    from lesionlab.kinds.kind import Model
    from lesionlab.predict import Predictor
    from lesionlab.server.launch import serve
    from lesionlab.task import Task

    class NoModels(Predictor):
        """Labels are saved; nothing is inferred."""

        def model(self, task: Task) -> Model:
            raise InputError("there are no models here")

    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            serve(studies, port=port, predictor=NoModels())
            os._exit(0)
        said.write(f"{child}\n")
        os.waitpid(child, 0)
        said.write(f"{child}\n")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    _nurse(sys.argv[1], int(sys.argv[2]))

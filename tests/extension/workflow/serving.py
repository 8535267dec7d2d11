"""Server processes that a test may kill and start again at the same address."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import tests.server.serve_balls
from LesionLabLib.client import Client
from LesionLabLib.errors import ServerLost
from tests.server.conftest import LIB, free_port


class Served:
    """The real server on a studies folder; with ``balls`` it answers clicks with balls instead of a network."""

    def __init__(self, studies: Path, balls: bool = True, *options: str, log: Path | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log or studies.parent / "server.log"
        script = [tests.server.serve_balls.__file__, str(studies), str(self.port), "50"]
        module = ["-m", "lesionlab", "serve", "--studies", str(studies), "--port", str(self.port), *options]
        self._command = [sys.executable, *(script if balls else module)]
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        path = os.pathsep.join([str(LIB), str(LIB.parent)])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=environment, cwd=self._log.parent
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                Client(self.url).server()
                return
            except ServerLost:
                assert self._process.poll() is None, self._log.read_text()[-4000:]
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def kill(self) -> None:
        """At once, as when the machine loses its power."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    def fill_disk(self) -> None:
        """Let every write of the server to a file fail from now on."""
        self._limit_files(0)

    def empty_disk(self) -> None:
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> None:
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

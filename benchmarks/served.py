"""A server process, and clicks sent to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from lesionlab.errors import InternalError
from lesionlab.image.geometry import Index

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Served:
    """A running server."""

    client: httpx.Client
    process: int
    start_seconds: float

    def resident_mb(self) -> float:
        """Memory that it holds, MiB."""
        for line in Path(f"/proc/{self.process}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return float("nan")


@dataclass(frozen=True)
class Click:
    """One request: which image, and its ``params``."""

    image: str
    params: Mapping[str, object]


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Start a server, wait until it answers, stop it in the end.

    Raises:
        InternalError: when it does not come up.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "lib"), os.environ.get("PYTHONPATH", "")])
    own = {**os.environ, "PYTHONPATH": path, **environment}
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, *command], stdout=out, stderr=out, cwd=log.parent, env=own)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_SECONDS)
        try:
            _wait(client, process, log)
            yield Served(client, process.pid, time.perf_counter() - started)
        finally:
            client.close()
            process.terminate()
            process.wait(30)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            client.get("/info/").raise_for_status()
            return
        except httpx.TransportError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise InternalError("the server does not come up", got=log.read_text()[-2000:]) from error
            time.sleep(0.05)


def round_trips_ms(server: Served, clicks: Sequence[Click]) -> list[float]:
    """How long each click takes, from the request to the last byte of the mask."""
    spent = []
    for click in clicks:
        started = time.perf_counter()
        answer = server.client.post(
            f"/infer/lesion_shape?image={click.image}&output=image", data={"params": json.dumps(click.params)}
        )
        spent.append((time.perf_counter() - started) * 1000)
        if answer.status_code != httpx.codes.OK:
            raise InternalError("a click was refused", got=answer.text[:500])
    return spent


def info_under_load_ms(server: Served, clicks: Sequence[Click]) -> list[float]:
    """How long ``GET /info/`` takes while four clicks run."""
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(round_trips_ms, server, [click]) for click in clicks for _ in range(4)]
        spent = []
        while not all(work.done() for work in running):
            started = time.perf_counter()
            httpx.get(f"{server.client.base_url}/info/", timeout=_PATIENCE_SECONDS).raise_for_status()
            spent.append((time.perf_counter() - started) * 1000)
            time.sleep(0.01)
        for work in running:
            work.result()
    return spent


def random_voxels(shape: Index, margin: int, count: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Voxels at least ``margin`` from every face."""
    drawn = [rng.integers(margin, np.asarray(shape) - margin) for _ in range(count)]
    return [(int(i), int(j), int(k)) for i, j, k in drawn]

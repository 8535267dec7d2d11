"""How long a detector takes on a large CT, what memory it needs beside the volume, and how soon it stops when nobody waits.

``python -m benchmarks.large_volume [--task nodule_ct] [--shape 512 512 275] [--threads 2] [--json FILE]``
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from lesionlab.errors import CancelledError
from lesionlab.image.geometry import Geometry, Index
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.phantoms.chest import ChestSettings, simulate_chest
from lesionlab.phantoms.scanner import Scanner
from lesionlab.predict import Predictor
from lesionlab.progress import Progress, silent
from lesionlab.task import Task

_log = logging.getLogger("large_volume")
SPACING_MM = (0.7, 0.7, 1.25)
_TILE: Index = (192, 192, 96)


@dataclass(frozen=True)
class Found:
    """What was measured, seconds and MiB."""

    task: str
    shape: Index
    threads: int
    seconds: float
    processor_seconds: float
    steps: int
    longest_step_seconds: float
    stopped_after_seconds: float
    volume_mib: float
    memory_beside_volume_mib: float
    candidates: int


def large_ct(shape: Index) -> Volume:
    """A simulated piece of a chest, repeated until it fills the lattice; int16."""
    settings = ChestSettings(shape=_TILE, spacing_mm=SPACING_MM, leaves=2000, scanner=Scanner())
    piece = simulate_chest(np.random.default_rng(0), settings).image.array.astype(np.int16)
    times = [-(-count // edge) for count, edge in zip(shape, piece.shape, strict=True)]
    i, j, k = shape
    return Volume(np.ascontiguousarray(np.tile(piece, times)[:i, :j, :k]), Geometry(shape, np.diag([*SPACING_MM, 1.0])))


def measure(name: str, shape: Index, threads: int) -> Found:
    """One answer to the end, and one that is cancelled at its third step."""
    torch.set_num_threads(threads)
    task, predictor, volume = find_task(name), Predictor(), large_ct(shape)
    request = DetectRequest(confidence=0.0)
    warm = Volume(volume.array[:64, :64, :32], Geometry((64, 64, 32), volume.geometry.affine))
    predictor.predict(task, warm, request, silent)
    with Memory() as memory:
        start, busy = time.perf_counter(), time.process_time()
        times = [start]
        result = predictor.predict(task, volume, request, lambda _: times.append(time.perf_counter()))
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    return Found(
        task=name,
        shape=shape,
        threads=threads,
        seconds=round(seconds, 2),
        processor_seconds=round(busy, 2),
        steps=len(times) - 1,
        longest_step_seconds=round(float(np.diff(times).max()), 3),
        stopped_after_seconds=round(_cancelled(predictor, task, volume), 3),
        volume_mib=round(volume.nbytes / 2**20, 1),
        memory_beside_volume_mib=round(memory.most_mib - memory.first_mib, 1),
        candidates=len(result.summary()["candidates"]),
    )


def _cancelled(predictor: Predictor, task: Task, volume: Volume) -> float:
    """Seconds from the wish to stop until the work has ended; the wish comes right after a step was told."""
    wished = [0.0]

    def report(progress: Progress) -> None:
        if progress.done == 2:
            wished[0] = time.perf_counter()
        if progress.done > 2:
            raise CancelledError("enough")

    try:
        predictor.predict(task, volume, DetectRequest(), report)
    except CancelledError:
        return time.perf_counter() - wished[0]
    raise AssertionError("the work was not cancelled")


class Memory:
    """The most resident memory, looked at every 5 ms while it is open; Linux."""

    def __init__(self) -> None:
        self.most_mib = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Memory:
        self.first_mib = _resident_mib()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.005):
            self.most_mib = max(self.most_mib, _resident_mib())


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="nodule_ct")
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 275))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    i, j, k = given.shape
    found = measure(given.task, (i, j, k), given.threads)
    _log.info("%s", found)
    if given.json is not None:
        given.json.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

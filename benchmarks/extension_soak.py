"""Random use of the extension's workflow for half an hour, against the real server and its shipped model.

``python -m benchmarks.extension_soak --minutes 30`` serves simulated cases, lets a seeded reader do anything at any time on
slicer-core's MRML scene (place, undo, resize, exclude, switch case, run, cancel, freeze, delete, submit), stops the server
every five minutes and starts it again, and writes ``results/extension_soak.json``. It ends with status 1 on an exception,
a leaked node or observer, or growing memory.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.served import ROOT, free_port, served
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

sys.path.insert(0, str(ROOT / "slicer_extension" / "LesionLab"))

OUT = Path(__file__).parent / "results" / "extension_soak.json"
_SHAPE = (64, 60, 40)
_CASES = 4
_OUTAGE_EVERY_S, _OUTAGE_S = 300.0, 10.0
_MOST_GROWTH_MIB = 10.0


class Host:
    """A server that is stopped and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._folder = folder
        self._running = ExitStack()
        self._outages = 0

    def start(self) -> None:
        """Serve, once it answers."""
        command = ["-m", "lesionlab", "serve", "--studies", str(self._folder / "studies"), "--port", str(self._port)]
        log = self._folder / "server.log"
        self._running.enter_context(served(command, self._port, log, {"OMP_NUM_THREADS": "1"}))
        self._up = True

    def stop(self) -> None:
        """Be away."""
        self._running.close()
        self._up = False

    def weather(self, gone_s: float) -> None:
        """Away for a while every few minutes."""
        away = gone_s % _OUTAGE_EVERY_S > _OUTAGE_EVERY_S - _OUTAGE_S
        if away and self._up:
            self._outages += 1
            self.stop()
        elif not away and not self._up:
            self.start()

    @property
    def outages(self) -> int:
        """How often it was away."""
        return self._outages


def write_cases(folder: Path) -> None:
    """Bright balls in noise."""
    folder.mkdir(parents=True)
    index = np.indices(_SHAPE)
    affine = np.diag([1.0, 1.0, 1.5, 1.0])
    for case in range(_CASES):
        rng = np.random.default_rng(case)
        array = rng.normal(0, 10, _SHAPE)
        for _ in range(6):
            centre = rng.uniform(8, np.array(_SHAPE) - 8)
            array[np.linalg.norm(index - centre[:, None, None, None], axis=0) <= rng.uniform(3, 8)] += 100
        write_volume(Volume(array.astype(np.int16), Geometry(_SHAPE, affine)), folder / f"case_{case}.nii.gz")


def run(minutes: float, seed: int) -> dict[str, Any]:
    """Let the reader act; what was counted, as JSON."""
    import slicer

    from benchmarks.soak.reader import RandomReader, soak
    from benchmarks.soak.samples import Faults, census, growth_mib
    from benchmarks.soak.scan import add_scan
    from benchmarks.soak.settle import settle
    from LesionLabLib.client import Client
    from LesionLabLib.scene import CaseScene
    from LesionLabLib.worker import Worker
    from LesionLabLib.workflow.state import Settings
    from LesionLabLib.workflow.workflow import Workflow

    faults = Faults()
    logging.getLogger("LesionLabLib").addHandler(faults)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        write_cases(folder / "studies")
        (folder / "desk").mkdir()
        host = Host(folder)
        host.start()
        mrml = slicer.vtkMRMLScene()
        scene = CaseScene(mrml)
        volume_id = add_scan(mrml, _SHAPE, 1)
        workflow = Workflow(Client, scene, Worker(), Settings("soak", "soak", folder / "desk"))
        workflow.connect(host.url)
        reader = RandomReader(workflow, scene, mrml, volume_id, seed)
        error = ""
        try:
            settle(workflow)
            soak(reader, minutes * 60, 30.0, host.weather)
        except Exception as raised:  # it is the result
            logging.exception("the reader stumbled")
            error = f"{type(raised).__name__}: {raised}"
        left = sorted(path.name for path in (folder / "desk").iterdir())
        workflow.close()
        host.stop()
        after = census(mrml)
    samples = reader.samples
    return {
        "minutes": minutes,
        "seed": seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "actions": sum(reader.done.values()),
        "by_action": dict(sorted(reader.done.items())),
        "came_of_it": dict(sorted(reader.outcomes.seen.items())),
        "notices": dict(reader.outcomes.notices),
        "outages": host.outages,
        "exception": error,
        "faults_logged": faults.records,
        "nodes": sorted({sample.nodes for sample in samples}),
        "observers": sorted({sample.observers for sample in samples}),
        "observers_after_close": after[1],
        "temporary_files_left": left,
        "growth_mib": round(growth_mib(samples), 1),
        "samples": [asdict(sample) for sample in samples],
    }


def passed(result: dict[str, Any]) -> bool:
    """No exception, nothing leaked, no growing memory."""
    steady = len(result["nodes"]) == 1 and len(result["observers"]) == 1
    clean = not result["exception"] and not result["faults_logged"] and not result["temporary_files_left"]
    return steady and clean and result["growth_mib"] < _MOST_GROWTH_MIB


def main() -> int:
    """Run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    result = run(args.minutes, args.seed)
    result["passed"] = passed(result)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps({key: value for key, value in result.items() if key != "samples"}, indent=1) + "\n")
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

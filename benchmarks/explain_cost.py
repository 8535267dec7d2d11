"""What a saliency request costs beside the inference it explains, on a CT of full size: seconds and peak memory.

python -m benchmarks.explain_cost [--small] [--repeats 3] [--out benchmarks/results/explain_cost.json]

Each measurement runs in a process of its own, so that the peak memory is that of one request, the volume included.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lesionlab.image.geometry import Geometry, Index
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.explanation import explain
from lesionlab.kinds.kind import METHODS, Method
from lesionlab.server.answer import on_lattice
from lesionlab.server.encode import encoded

SHAPE: Index = (512, 512, 275)
SMALL: Index = (128, 128, 64)
SPACING_MM = (0.7, 0.7, 1.25)
LIMITS = "limits: Grad-CAM at most 3 x the inference it explains, at most 2048 MiB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each request in its own process, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a small image, to see that it runs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--tasks", nargs="+", default=["lesion_shape", "nodule_ct"])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "explain_cost.json")
    parser.add_argument("--one", nargs=2, metavar=("TASK", "WHAT"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    shape = SMALL if given.small else SHAPE
    if given.one:
        sys.stdout.write(json.dumps(measured(given.one[0], given.one[1], shape, given.repeats)) + "\n")
        return
    found: dict[str, dict[str, dict[str, float]]] = {}
    for task in given.tasks:
        found[task] = {}
        for what in ("infer", *given.methods):
            command = [
                sys.executable,
                "-m",
                "benchmarks.explain_cost",
                "--one",
                task,
                what,
                "--repeats",
                str(given.repeats),
            ]
            answer = subprocess.run([*command, *(["--small"] if given.small else [])], capture_output=True, check=True)
            found[task][what] = json.loads(answer.stdout)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"shape": list(shape), "tasks": found}, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(found) + "\n")


def measured(name: str, what: str, shape: Index, repeats: int) -> dict[str, float]:
    """Seconds and CPU seconds (medians; the first run, which loads, is not counted), and the peak memory of the process."""
    task = find_task(name)
    kind = kind_of(task)
    model = kind.load(task)
    volume = scene(shape)
    place = volume.geometry.index_to_ras((shape[0] / 2, shape[1] / 2, shape[2] / 2))
    point = {"point_mm": list(place)}
    sized = {**point, "size_mm": 20.0} if task.kind == "shape" else point

    def infer() -> None:
        asked = sized if task.kind == "shape" else {}
        model.predict(volume, kind.request_from_monailabel(task, asked, volume.geometry))

    def explained() -> None:
        request = kind.explain_request(task, sized, volume.geometry)
        method: Method = next(known for known in METHODS if known == what)
        answer = explain(model, volume, request, method, np.random.default_rng(0))
        encoded(on_lattice(answer.heat, volume.geometry), ".nii.gz")  # as a stock client gets it

    def bare() -> None:
        request = kind.explain_request(task, sized, volume.geometry)
        explain(model, volume, request, "gradcam", np.random.default_rng(0))

    work: Callable[[], None] = infer if what == "infer" else explained
    runs = [_timed(work) for _ in range(repeats + 1)][1:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    network = [_timed(bare)[1] for _ in range(repeats)] if what == "gradcam" else []
    return {
        "seconds": round(statistics.median(run[0] for run in runs), 3),
        "cpu_seconds": round(statistics.median(run[1] for run in runs), 3),
        **({"cpu_seconds_without_full_file": round(statistics.median(network), 3)} if network else {}),
        "peak_mib": round(peak, 1),
    }


def scene(shape: Index) -> Volume:
    """Lung with noise and a ball of 20 mm in the middle, int16, as a CT is held."""
    rng = np.random.default_rng(0)
    affine = np.diag([*SPACING_MM, 1.0])
    array = np.empty(shape, dtype=np.int16)
    noise = rng.normal(-850, 30, shape[:2]).astype(np.int16)
    axes = [(np.arange(n) - n / 2) * step for n, step in zip(shape, SPACING_MM, strict=True)]
    for k in range(shape[2]):
        square = axes[0][:, None] ** 2 + axes[1][None, :] ** 2 + axes[2][k] ** 2
        array[:, :, k] = np.roll(noise, k * 7919)
        array[:, :, k][square <= 10.0**2] += 880
    return Volume(array, Geometry(shape, affine))


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """For people."""
    rows = [LIMITS, f"{'task':<14}{'request':<14}{'s':>9}{'CPU s':>9}{'x inference':>13}{'peak MiB':>10}"]
    for task, requests in found.items():
        base = requests["infer"]["cpu_seconds"]
        for what, one in requests.items():
            ratio = one["cpu_seconds"] / base if base else float("nan")
            rows.append(
                f"{task:<14}{what:<14}{one['seconds']:>9.2f}{one['cpu_seconds']:>9.2f}{ratio:>13.2f}{one['peak_mib']:>10.0f}"
            )
    return "\n".join(rows)


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()

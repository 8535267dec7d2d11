"""What one click costs: LesionLab over HTTP beside a stock MONAI Label pipeline with the same network, in one run.

python -m benchmarks.latency [--clicks 50] [--stock-clicks 5] [--small] [--out benchmarks/results/latency.json]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.served import Click, free_port, info_under_load_ms, random_voxels, round_trips_ms, served
from benchmarks.stock_app.app import WEIGHTS
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry, Index
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task
from lesionlab.kinds.shape.network import build_network
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.weights_files import weights_path
from lesionlab.networks.weights import save_tensors

SHAPE: Index = (512, 512, 275)
SMALL: Index = (128, 128, 64)
SPACING_MM = (0.7, 0.7, 1.25)
SIZE_MM = 20.0
IMAGES = ("ct_1", "ct_2", "ct_3")
LIMITS = "limits: median <= 150 ms, 20 x the stock pipeline, /info/ <= 100 ms, start <= 6 s, memory <= 2560 MiB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=50)
    parser.add_argument("--stock-clicks", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="a small image, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "latency.json")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), SMALL if given.small else SHAPE, given.clicks, given.stock_clicks)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(found) + "\n")


def measure(folder: Path, shape: Index, clicks: int, stock_clicks: int) -> dict[str, Any]:
    """Run both servers one after the other on the same studies with the same weights."""
    studies, rng = folder / "studies", np.random.default_rng(0)
    geometry = _write_studies(studies, shape, rng)
    weights, shipped = _weights(studies)
    voxels = random_voxels(shape, shape[2] // 4, clicks, rng)
    found: dict[str, Any] = {
        "shape": list(shape),
        "clicks": clicks,
        "shipped_weights": shipped,
        "processors": os.cpu_count(),
    }
    environment = {WEIGHTS: str(weights)}
    found["lesionlab"] = _measure_ours(folder, studies, geometry, voxels, environment)
    found["stock"] = _measure_stock(folder, studies, voxels[:stock_clicks], environment)
    found["times_faster"] = found["stock"]["full"]["median_ms"] / found["lesionlab"]["crop"]["median_ms"]
    return found


def _measure_ours(
    folder: Path,
    studies: Path,
    geometry: Geometry,
    voxels: Sequence[tuple[int, int, int]],
    environment: Mapping[str, str],
) -> dict[str, Any]:
    def click(number: int, voxel: tuple[int, int, int], result: str) -> Click:
        point = geometry.index_to_ras((float(voxel[0]), float(voxel[1]), float(voxel[2])))
        return Click(IMAGES[number % len(IMAGES)], {"point_mm": point, "size_mm": SIZE_MM, "result": result})

    port = free_port()
    command = ["-m", "lesionlab", "serve", "--studies", str(studies), "--port", str(port)]
    with served(command, port, folder / "lesionlab.log", environment) as server:
        first = round_trips_ms(server, [click(n, voxels[n], "crop") for n in range(len(IMAGES))])
        crop = round_trips_ms(server, [click(n, voxel, "crop") for n, voxel in enumerate(voxels)])
        resident = server.resident_mb()
        full = round_trips_ms(server, [click(n, voxel, "full") for n, voxel in enumerate(voxels[:5])])
        info = info_under_load_ms(server, [click(n, voxel, "crop") for n, voxel in enumerate(voxels[:3])])
        return {
            "start_s": round(server.start_seconds, 2), "resident_mb": round(resident), "first": _summary(first),
            "crop": _summary(crop), "full": _summary(full), "info_under_load": _summary(info),
        }  # fmt: skip


def _measure_stock(
    folder: Path, studies: Path, voxels: Sequence[tuple[int, int, int]], environment: Mapping[str, str]
) -> dict[str, Any]:
    app, port = folder / "stock_app", free_port()
    app.mkdir()
    shutil.copy(Path(__file__).parent / "stock_app" / "main.py", app)
    script = "from monailabel.main import Main; Main().run()"
    options = ["--app", str(app), "--studies", str(studies), "--host", "127.0.0.1", "--port", str(port)]
    clicks = [
        Click(IMAGES[n % len(IMAGES)], {"foreground": [voxel], "background": [], "size_mm": SIZE_MM, "device": "cpu"})
        for n, voxel in enumerate(voxels)
    ]
    with served(["-c", script, "start_server", *options], port, folder / "stock.log", environment) as server:
        first = round_trips_ms(server, clicks[:1])
        round_trips_ms(server, clicks[:2])
        full = round_trips_ms(server, clicks)
        resident = round(server.resident_mb())
        return {
            "start_s": round(server.start_seconds, 2),
            "resident_mb": resident,
            "first": _summary(first),
            "full": _summary(full),
        }


def _write_studies(studies: Path, shape: Index, rng: np.random.Generator) -> Geometry:
    """Three CTs: a body with noise in air. The noise is what makes files of real scanners as large as they are."""
    studies.mkdir()
    geometry = Geometry(shape, np.diag([*SPACING_MM, 1.0]))
    i, j = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    body = np.where((i / 0.9) ** 2 + (j / 0.7) ** 2 < 1, 40, -1000).astype(np.int16)
    noise = rng.normal(0, 15, shape).astype(np.int16)
    write_volume(Volume(body[:, :, None] + noise, geometry), studies / f"{IMAGES[0]}.nii.gz")
    for other in IMAGES[1:]:
        shutil.copy(studies / f"{IMAGES[0]}.nii.gz", studies / f"{other}.nii.gz")
    return geometry


def _weights(studies: Path) -> tuple[Path, bool]:
    """The shipped weights, or random ones of the same network, put where the server looks for trained ones."""
    task = find_task("lesion_shape")
    assert isinstance(task, ShapeTask)
    shipped = weights_path(task)
    if shipped.is_file():
        return shipped, True
    own = studies / ".lesionlab" / "models" / task.name
    tensors = {f"a.{name}": value for name, value in build_network(task).state_dict().items()}
    save_tensors(own / "model.safetensors", tensors, {"version": "random"})
    return own / "model.safetensors", False


def _summary(spent_ms: Sequence[float]) -> dict[str, float]:
    return {
        "median_ms": round(float(np.median(spent_ms)), 1),
        "p95_ms": round(float(np.percentile(spent_ms, 95)), 1),
        "count": len(spent_ms),
    }


def table(found: Mapping[str, Any]) -> str:
    """The figures as a markdown table."""
    ours, stock = found["lesionlab"], found["stock"]
    rows = [
        ["", "LesionLab", "stock pipeline"],
        ["---", "---", "---"],
        ["warm click, median / p95, ms", _both(ours["crop"]), _both(stock["full"])],
        ["warm click, full label, ms", _both(ours["full"]), _both(stock["full"])],
        ["first click on an image, ms", _both(ours["first"]), _both(stock["first"])],
        ["GET /info/ while four inferences run, ms", _both(ours["info_under_load"]), "-"],
        ["start, s", f"{ours['start_s']:.1f}", f"{stock['start_s']:.1f}"],
        ["memory after the clicks, MiB", f"{ours['resident_mb']}", f"{stock['resident_mb']}"],
        ["times faster", f"{found['times_faster']:.1f}", "1"],
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + f"\n\n{LIMITS}"


def _both(summary: Mapping[str, float]) -> str:
    return f"{summary['median_ms']:.0f} / {summary['p95_ms']:.0f}"


if __name__ == "__main__":
    main()

"""Training through the server, as a lab would: from random weights on simulated cases, watched, cancelled, and spoilt.

``python -m benchmarks.train_over_http --work DIR`` writes 20 simulated cases and 8 more that nobody trains on, serves the
first ones, and measures:

- what a training from random weights (``fresh``) gains on the held-out cases, and how long it takes: for the network alone,
  and for the whole model, where the competition of seeds has its say too;
- the longest silence of its events;
- how long it takes to cancel a running training;
- whether a batch of labels that are twice too wide is promoted.

Folders that exist already are used as they are. ``--judge`` only scores again the versions that an earlier run made.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import torch
from scipy import ndimage

from benchmarks.served import free_port, served
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.kind import Model
from lesionlab.kinds.shape.data import cut_lesion
from lesionlab.kinds.shape.network import build_network
from lesionlab.kinds.shape.recipe import ShapeRecipe, Source
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.shape.truths import true_lesions
from lesionlab.kinds.shape.weights import read_weights, write_weights
from lesionlab.kinds.weights_files import weights_path
from lesionlab.metrics.bootstrap import mean_interval
from lesionlab.progress import silent
from lesionlab.store.cases import MASKS, read_cases
from lesionlab.store.house import House
from lesionlab.store.versions import WEIGHTS

OUT = Path(__file__).parent / "results" / "train_over_http.json"
TASK = "lesion_shape"
_SPOILT = 12
_WIDER_MM = 6.0


@dataclass(frozen=True)
class Held:
    """Dice of one model on the held-out lesions, with the 95 % interval over patients; ``network``: of its network alone."""

    dice: float
    low: float
    high: float
    lesions: int
    network: float


@dataclass(frozen=True)
class Run:
    """One training, as its events told of it."""

    job: dict[str, Any]
    seconds: float
    events: int
    longest_silence_s: float


def cohort(folder: Path, cases: int, seed: int) -> Path:
    """Simulated cases, unless the folder has some."""
    if not folder.exists():
        task = find_task(TASK)
        kind_of(task).phantom(task, folder, cases, np.random.default_rng(seed), None)
    return folder


def untrained(folder: Path) -> Path:
    """A model with random weights."""
    task = find_task(TASK)
    assert isinstance(task, ShapeTask)
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / WEIGHTS, [build_network(task)], None, {})
    return folder


def held_out(model_dir: Path | None, data: Path) -> Held:
    """How good a model is on cases that it never saw."""
    task = find_task(TASK)
    model: Model = kind_of(task).load(task, model_dir)
    scores = kind_of(task).case_scores(task, model, read_cases(data), silent)
    values = np.array([score.value for score in scores])
    found = mean_interval(values, np.random.default_rng(0), [score.patient for score in scores])
    return Held(found.mean, found.low, found.high, len(values), network_alone(model_dir, data))


def network_alone(model_dir: Path | None, data: Path) -> float:
    """Mean Dice of a model's first network at the level 0.5 on cubes round the lesions, as training validates."""
    task = find_task(TASK)
    assert isinstance(task, ShapeTask)
    cubes = [cut_lesion(lesion.image, lesion.truth) for lesion in true_lesions(read_cases(data))]
    known = [cube for cube in cubes if cube is not None]
    weights = read_weights(task, weights_path(task, model_dir))
    recipe = ShapeRecipe(task, [Source(known, 1.0)], known, weights)
    return recipe.validate(recipe.network)


def watch(client: httpx.Client, asked: dict[str, Any]) -> Run:
    """Start a training and follow its events to the end."""
    began = last = time.monotonic()
    job = client.post(f"/train/{TASK}", json=asked).raise_for_status().json()["job"]
    events: list[dict[str, Any]] = []
    silence = 0.0
    with client.stream("GET", f"/jobs/{job}/events") as answer:
        for line in answer.iter_lines():
            if line:
                now = time.monotonic()
                silence, last = max(silence, now - last), now
                events.append(json.loads(line.removeprefix("data: ")))
    return Run(events[-1], time.monotonic() - began, len(events), silence)


def cancel_seconds(client: httpx.Client) -> float:
    """How long it takes until a training that is in full swing has stopped."""
    job = client.post(f"/train/{TASK}", json={"epochs": 50}).raise_for_status().json()["job"]
    while client.get(f"/jobs/{job}").json()["message"] != "training":
        time.sleep(0.5)
    began = time.monotonic()
    state = client.delete(f"/jobs/{job}").json()["state"]
    assert state == "cancelled", state
    return time.monotonic() - began


def spoil(studies: Path, work: Path) -> None:
    """Add cases whose masks are ``_WIDER_MM`` too wide on every side."""
    bad = cohort(work / "spoilt", _SPOILT, 3)
    for path in sorted((bad / MASKS).glob("*.nii.gz")):
        mask = read_volume(path)
        far = ndimage.distance_transform_edt(mask.array == 0, sampling=mask.geometry.spacing_mm)
        wide = Volume((far <= _WIDER_MM).astype(np.uint8), mask.geometry)
        name = f"spoilt-{path.name}"
        write_volume(wide, studies / MASKS / name)
        (studies / name).write_bytes((bad / path.name).read_bytes())


def measure(work: Path, epochs: int) -> dict[str, Any]:
    """Everything, as it goes into the results."""
    load = os.getloadavg()[0]
    studies = cohort(work / "studies", 20, 1)
    cohort(work / "held_out", 8, 2)
    port = free_port()
    command = ["-m", "lesionlab", "serve", "--studies", str(studies), "--port", str(port)]
    with served(command, port, work / "server.log", {}) as server:
        fresh = watch(server.client, {"fresh": True, "epochs": epochs})
        cancelled = cancel_seconds(server.client)
        fine = watch(server.client, {"epochs": epochs})
        spoil(studies, work)
        harmful = watch(server.client, {"epochs": epochs})
    return {
        "task": TASK,
        "cases": 20,
        "processors": os.cpu_count(),
        "epochs": epochs,
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "load_before": load,
        "fresh": asdict(fresh),
        "fine-tuned": asdict(fine),
        "harmful": asdict(harmful),
        "cancel_s": cancelled,
    }


def judged(found: dict[str, Any], work: Path) -> dict[str, Any]:
    """The results with the scores of each version on the held-out cases."""
    others, models = work / "held_out", House.of(str(work / "studies")).models / TASK
    folders: dict[str, Path | None] = {"random weights": untrained(work / "untrained"), "shipped": None}
    folders |= {name: models / found[name]["job"]["version"] for name in ("fresh", "fine-tuned", "harmful")}
    return {**found, "held_out": {name: asdict(held_out(folder, others)) for name, folder in folders.items()}}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the cases and the models")
    parser.add_argument("--epochs", type=int, default=12, help="of each training")
    parser.add_argument(
        "--judge", action="store_true", help="train nothing, score the versions of an earlier run again"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args(argv)
    arguments.work.mkdir(parents=True, exist_ok=True)
    work = arguments.work.resolve()
    if arguments.judge:
        found = json.loads(arguments.out.read_text(encoding="utf-8"))
    else:
        found = measure(work, arguments.epochs)
    arguments.out.write_text(json.dumps(judged(found, work), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

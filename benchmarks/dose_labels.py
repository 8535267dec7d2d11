"""A detector trained twice from nothing, at full length: on doses alone, and on painted masks of the same cases.

``python -m benchmarks.dose_labels metastasis_mr --data COHORT --test DIR --work DIR --json FILE`` with cohorts that
``lesionlab phantom`` wrote. Both trainings see the same images and take the same steps; each chooses its epoch by its own
labels on 3 % of the patients, and 6 % take no part, unless a ``split.json`` of the cohort divides them otherwise. What they
find is held against the truth of the test cohort, in pairs. ``lesionlab study weak-labels`` has more seeds and sizes of
cohorts, and smaller models. An interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from lesionlab.kinds import find_task
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.kind import Json, TrainOptions
from lesionlab.learning.train import train
from lesionlab.progress import silent
from lesionlab.store.cases import TABLE, read_cases
from lesionlab.store.split import SPLIT
from lesionlab.studies.evaluation import Evaluation, evaluate
from lesionlab.studies.simulating import by_image, link
from lesionlab.studies.weak_labels import LabelName, WeakSettings
from lesionlab.studies.weak_labels_run import labelled

LABELS: tuple[LabelName, LabelName] = ("dose", "painted")
#: What is kept of a model's scores; its curve and candidates are megabytes.
KEPT = ("images", "lesions", "cpm", "cpm_interval_95", "sensitivity", "by_size")
_log = logging.getLogger("dose_labels")


@dataclass(frozen=True)
class Job:
    """One of the two trainings: its task, the cohort, the kind of label, and the folder that it works in."""

    task: DetectTask
    data: Path
    label: LabelName
    work: Path


def trained(job: Job) -> Path:
    """The folder of the model."""
    torch.set_num_threads(1)
    store, model = job.work / f"data_{job.label}", job.work / job.label
    if not (store / TABLE).is_file():
        shutil.rmtree(store, ignore_errors=True)
        if (job.data / SPLIT).is_file():
            link(job.data / SPLIT, store / SPLIT)
        labelled(WeakSettings(), job.data, store, job.label, len(by_image(read_cases(job.data))), seed=0)
    if not (model / "scores.json").is_file():  # which comes last
        # One look at each window is enough to choose an epoch by.
        plain = job.task.model_copy(update={"grid": job.task.grid.model_copy(update={"mirrored": 0})})
        train(plain, store, model, TrainOptions(seed=0, fresh=True), silent)
    return model


def summary(found: Evaluation) -> Json:
    """The figures of both models, and their differences."""
    whole = found.json()
    scores = {
        label: {key: whole[side][key] for key in KEPT} for label, side in zip(LABELS, ("model", "against"), strict=True)
    }
    return {**scores, "differences": whole["differences"]}


def main() -> None:
    """Train both, compare them, write the figures as JSON."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("--data", type=Path, required=True, help="a cohort with doses and masks")
    parser.add_argument("--test", type=Path, required=True, help="a cohort of another seed")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--steps", type=int, default=1000, help="an epoch")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    task = find_task(args.task)
    assert isinstance(task, DetectTask)
    taken = {"epochs": args.epochs, "steps": args.steps, "batch": 8, "looked_through": 24}
    training = task.training.model_copy(update={**taken, "validation": 0.03, "test": 0.06})
    task = task.model_copy(update={"training": training})
    jobs = [Job(task, args.data, label, args.work) for label in LABELS]
    with ProcessPoolExecutor(args.processes, mp_context=get_context("spawn")) as pool:
        dose, painted = pool.map(trained, jobs)
    found = evaluate(task, args.test, ("dose", dose), ("painted", painted), silent)
    args.json.write_text(json.dumps(summary(found), indent=1) + "\n", encoding="utf-8")
    for one in found.compared:
        _log.info("%s: %.3f with doses, %.3f painted", one.name, one.ours, one.theirs)


if __name__ == "__main__":
    main()

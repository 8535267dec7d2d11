"""A whole ensemble on real images that none of its networks has seen: nested cross-validation of a ``classify`` task.

``python -m benchmarks.classify_ensemble malignancy_us --data STORE --work DIR --json FILE`` with a datastore that
``benchmarks.real_stores`` wrote. Each of five parts of the patients is answered, as ``lesionlab infer`` would answer it, by an
ensemble that was trained from ImageNet on the others alone: folds, calibration and operating point came from these. An
interrupted run goes on. ``benchmarks.classify_real`` measures one network at a time, which is less than what ships.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.classify_real import Row, by_callipers, picture_of, positive_of, row
from lesionlab.kinds import find_task
from lesionlab.kinds.classify.evaluation import answered
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.samples import labelled
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.classify.weights import ClassifyWeights, read_weights
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import train
from lesionlab.metrics.confusion import Confusion
from lesionlab.progress import silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.store.split import SPLIT
from lesionlab.store.versions import WEIGHTS
from lesionlab.studies.simulating import link

PARTS = 5
_log = logging.getLogger("classify_ensemble")


def parts_of(classes: Mapping[str, str], count: int, rng: np.random.Generator) -> dict[str, int]:
    """The part of each patient, dealt in turn, class by class."""
    order = [
        patients[n]
        for label in sorted(set(classes.values()))
        for patients in [sorted(name for name, its in classes.items() if its == label)]
        for n in rng.permutation(len(patients))
    ]
    return {patient: n % count for n, patient in enumerate(order)}


def write_part(store: Path, cases: list[Case], out: Path) -> None:
    """A datastore of some of the cases; files are links to those of ``store``."""
    for name in {case.image.name for case in cases}:
        for folder in (Path(), MASKS):
            if (store / folder / name).exists():
                link(store / folder / name, out / folder / name)
    write_cases(out, [replace(case, image=out / case.image.name) for case in cases])
    (out / SPLIT).write_text((store / SPLIT).read_text(encoding="utf-8"), encoding="utf-8")


def trained(task: ClassifyTask, store: Path, cases: list[Case], work: Path) -> ClassifyWeights:
    """The ensemble that these cases make."""
    model = work / "model"
    if not (model / "scores.json").exists():  # which comes last
        write_part(store, cases, work / "data")
        model.mkdir(parents=True, exist_ok=True)
        train(task, work / "data", model, TrainOptions(fresh=True, seed=0), silent)
    return read_weights(task, model / WEIGHTS)


def main() -> None:
    """Write the figures as JSON."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    task = find_task(args.task)
    assert isinstance(task, ClassifyTask)
    cases = list(labelled(task, read_cases(args.data)))
    patients = [case.patient for case in cases]
    part = parts_of({case.patient: case.label for case in cases}, PARTS, np.random.default_rng(11))
    positive = positive_of(task)
    diseased = np.array([case.label == task.classes[positive] for case in cases])
    scores, chosen = np.zeros(len(cases)), np.zeros(len(cases), dtype=bool)
    alone = np.zeros((task.training.folds, len(cases)))
    for number in range(PARTS):
        seen = [case for case in cases if part[case.patient] != number]
        asked = np.flatnonzero([part[patient] == number for patient in patients])
        weights = trained(task, args.data, seen, args.work / str(number))
        their = [cases[n] for n in asked]
        found = answered(task, ClassifyModel(task, weights), their, silent)
        scores[asked], chosen[asked] = found.probabilities[:, positive], found.chosen == positive
        for member, network in enumerate(weights.members):
            single = ClassifyModel(task, replace(weights, members=(network,)))
            alone[member, asked] = answered(task, single, their, silent).probabilities[:, positive]
        _log.info("%d of %d: %d cases answered", number + 1, PARTS, len(asked))
    rows = _rows(cases, diseased, scores)
    rows += [row(f"network {n} alone", diseased, each, patients) for n, each in enumerate(alone, start=1)]
    counts = Confusion.at(diseased, chosen.astype(np.float64), 0.5)
    table = {
        "task": task.name,
        "rows": [asdict(each) for each in rows],
        "operating_points": {"sensitivity": counts.sensitivity, "specificity": counts.specificity},
    }
    args.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _rows(cases: list[Case], diseased: NDArray[np.bool_], scores: NDArray[np.float64]) -> list[Row]:
    """All cases and, where sizes are given, those with and without callipers."""
    groups = {"all": np.ones(len(cases), dtype=bool), **by_callipers(cases, [picture_of(case) for case in cases])}
    rows: list[Row] = []
    for name, those in groups.items():
        patients = [case.patient for case, take in zip(cases, those, strict=True) if take]
        rows.append(row(name, diseased[those], scores[those], patients))
    return rows


if __name__ == "__main__":
    main()

"""One model of a study of weak labels; it is kept, so that the study goes on after an interruption."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.kinds import kind_of
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import fit
from lesionlab.progress import silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.store.files import image_name, write_atomically
from lesionlab.store.weak_files import WEAK
from lesionlab.studies.simulating import POOL, RUNS, TEST, by_image, link
from lesionlab.studies.weak_labels import LabelName, Trained, WeakSettings


def train_one(task: DetectTask, settings: WeakSettings, out: Path, label: LabelName, count: int, seed: int) -> Trained:
    """One model, or its score when an earlier call has trained it."""
    folder = out / RUNS / f"{label}-{count:03d}-{seed}"
    path = folder / "scores.json"
    if not path.is_file():
        import torch

        torch.set_num_threads(1)
        data, kind = folder / "data", kind_of(task)
        shutil.rmtree(folder, ignore_errors=True)
        labelled(settings, out / POOL, data, label, count, seed)
        fit(kind.recipe(task, data, TrainOptions(seed=seed, fresh=True, device="cpu")), folder / "model", seed, silent)
        scores = kind.evaluate(task, kind.load(task, folder / "model"), out / TEST, silent)
        shutil.rmtree(data)
        trained = Trained(label=label, count=count, seed=seed, cpm=scores["cpm"])
        write_atomically(path, trained.model_dump_json() + "\n")
    return Trained.model_validate_json(path.read_text(encoding="utf-8"))


def labelled(settings: WeakSettings, pool: Path, data: Path, label: LabelName, count: int, seed: int) -> None:
    """Write a datastore of the first ``count`` cases of the seed's order, with one kind of label."""
    images = by_image(read_cases(pool))
    order = np.random.default_rng([seed, 1]).permutation(sorted(images))[:count]
    rows: list[Case] = []
    for name in order:
        cases = images[str(name)]
        # Of its own for each image, so that the reader's errors do not depend on how many cases there are.
        rng = np.random.default_rng([seed, 2, sorted(images).index(str(name))])
        image = link(cases[0].image, data / str(name))
        rows += [_row(settings, rng, case, image, data, label) for case in (cases if label == "sphere" else cases[:1])]
        if label == "dose":
            for file in sorted((pool / WEAK).glob(f"{image_name(Path(str(name)))}.*")):
                link(file, data / WEAK / file.name)
    write_cases(data, rows)


def _row(
    settings: WeakSettings, rng: np.random.Generator, case: Case, image: Path, data: Path, label: LabelName
) -> Case:
    if label == "painted":
        mask = None if case.mask is None else link(case.mask, data / MASKS / case.mask.name)
        return Case(image, mask, case.patient, case.label)
    if label == "dose" or case.point_mm is None or case.size_mm is None:
        return Case(image, None, case.patient, case.label)
    r, a, s = np.asarray(case.point_mm) + rng.normal(0, settings.away * case.size_mm, 3)
    size = case.size_mm * float(np.exp(rng.normal(0, settings.factor)))
    point: Point = (float(r), float(a), float(s))
    return Case(image, None, case.patient, case.label, point, size, "simulated reader")

"""The trainings behind ``benchmarks.mass_mammo_real``: a fold, what it starts from, and what is found on the held-out images."""

from __future__ import annotations

import copy
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from benchmarks.real_cases import data_root
from lesionlab.image.files import read_volume
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.images import Found, MarkedImage, StoredImage, marked_images, stored
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import DetectWeights, build_network, from_imagenet, read_weights
from lesionlab.learning.train import average, learning_rate
from lesionlab.store.cases import read_cases

Start = Literal["random", "ImageNet", "phantoms"]
FOLDS = 5


@dataclass(frozen=True)
class Settings:
    """Of each training: steps, windows a step, and the learning rate at its highest."""

    steps: int = 200
    batch: int = 8
    learning_rate: float = 6e-4


@dataclass(frozen=True, eq=False)
class Job:
    """One fold of one cross-validation; ``fold`` None: train on all images.

    Attributes:
        beside: a datastore of phantoms, of which as many images as there are real ones train beside them, so that what was learnt
            from phantoms is kept.
    """

    task: DetectTask
    settings: Settings
    start: Start
    weights: Path
    fold: int | None
    beside: Path | None


def real_images(task: DetectTask) -> list[MarkedImage]:
    """The mammograms with their circles; a pixel is 1 mm, as in any PNG."""
    folder = data_root() / "mammo_weak"
    found: dict[str, list[Found]] = {}
    patients: dict[str, str] = {}
    with (folder / "findings.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            patients[row["image"]] = row["patient"]
            if row["x_px"]:
                point = (-float(row["x_px"]), -float(row["y_px"]), 0.0)
                size, lesion_class = 2 * float(row["radius_px"]), task.class_of(row["abnormality"])
                found.setdefault(row["image"], []).append(Found(point, size, lesion_class or 0))
    return [
        MarkedImage(folder / name, patients[name], read_volume(folder / name), tuple(marks))
        for name, marks in sorted(found.items())
    ]


def folds_of(images: Sequence[MarkedImage]) -> list[int]:
    """The fold of each image; patients are dealt at random, whole."""
    patients = sorted({image.patient for image in images})
    order = np.random.default_rng(7).permutation(len(patients))
    fold = {patients[p]: n % FOLDS for n, p in enumerate(order)}
    return [fold[image.patient] for image in images]


def started(job: Job) -> DetectWeights:
    """What a training begins with."""
    torch.manual_seed(job.fold or 0)
    if job.start == "phantoms":
        return read_weights(job.task, job.weights)
    pretrained = from_imagenet(job.task) if job.start == "ImageNet" else None
    return pretrained or DetectWeights(
        build_network(job.task), (Calibrated(None, 0.5),) * job.task.class_count, "random"
    )


def found_in(job: Job) -> dict[int, list[Candidate]]:
    """Train on the other folds, find on the held-out one; no held-out image chooses anything."""
    torch.set_num_threads(1)
    images = real_images(job.task)
    folds = folds_of(images)
    training = [stored(job.task, image) for image, fold in zip(images, folds, strict=True) if fold != job.fold]
    network = trained(job, [*training, *phantoms(job, len(training))])
    return {n: find(job.task, network, images[n].volume) for n, fold in enumerate(folds) if fold == job.fold}


def phantoms(job: Job, count: int) -> list[StoredImage]:
    """The first images of the phantoms that train beside real ones, if any do."""
    if job.beside is None:
        return []
    found = marked_images(read_cases(job.beside), job.task)
    return [stored(job.task, image) for image in islice(found, count)]


def trained(job: Job, training: Sequence[StoredImage]) -> torch.nn.Module:
    """The averaged network after all steps."""
    recipe = DetectRecipe(job.task, training, [], started(job))
    optimizer = torch.optim.AdamW(recipe.network.parameters(), lr=job.settings.learning_rate, weight_decay=1e-3)
    averaged = copy.deepcopy(recipe.network)
    for step in range(job.settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step / job.settings.steps) * job.settings.learning_rate
        loss = recipe.loss(recipe.draw(np.random.default_rng([job.fold or 0, step])))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(recipe.network.parameters(), 1.0)
        optimizer.step()
        average(averaged, recipe.network, step)
    return averaged.eval()

"""The trainings behind ``benchmarks.mass_mammo_real``: a fold, what it starts from, and what is found on the held-out images."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import nn

from benchmarks.real_cases import data_root
from lesionlab.image.files import read_volume
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.images import Found, MarkedImage, StoredImage, marked_images, stored
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import DetectNetwork, DetectWeights, build_network, from_imagenet, read_weights
from lesionlab.learning.train import fit
from lesionlab.progress import silent
from lesionlab.store.cases import read_cases

Network = TypeVar("Network", bound=nn.Module)
Start = Literal["random", "ImageNet", "phantoms"]
FOLDS = 5
#: How far apart the seeds of one fold's trainings are.
_SEEDS = 1000


@dataclass(frozen=True, eq=False)
class Job:
    """One fold of one cross-validation; ``fold`` None: train on all images.

    Attributes:
        task: with what each training takes: epochs, steps, windows a step, the learning rate at its highest.
        beside: a datastore of phantoms that train beside the real images, as often as these, so that what was learnt from
            phantoms is kept.
        trainings: whose networks' weights are averaged (Wortsman et al. 2022, "Model soups"); they differ in what they draw.
    """

    task: DetectTask
    start: Start
    weights: Path
    fold: int | None
    beside: Path | None
    trainings: int = 1


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
    network = trained(job, training)
    return {n: find(job.task, network, images[n].volume) for n, fold in enumerate(folds) if fold == job.fold}


def _with_phantoms(job: Job, real: Sequence[StoredImage]) -> list[StoredImage]:
    """The real images, and the phantoms beside them if any are; the real ones repeated, so that half of what is drawn is real."""
    if job.beside is None:
        return list(real)
    found = [stored(job.task, image) for image in marked_images(read_cases(job.beside), job.task)]
    return [*real] * max(1, round(len(found) / len(real))) + found


def trained(job: Job, real: Sequence[StoredImage]) -> DetectNetwork:
    """The mean of the networks after all steps of each training; nothing chooses among epochs or trainings."""
    images = _with_phantoms(job, real)
    return mean_network([_trained_once(job, images, number) for number in range(job.trainings)]).eval()


def mean_network(networks: Sequence[Network]) -> Network:
    """The first network with the mean of all tensors; all must have begun with the same weights."""
    tensors = [network.state_dict() for network in networks]
    mean = {name: torch.stack([each[name].float() for each in tensors]).mean(dim=0) for name in tensors[0]}
    networks[0].load_state_dict(mean)
    return networks[0]


def _trained_once(job: Job, images: Sequence[StoredImage], number: int) -> DetectNetwork:
    recipe = DetectRecipe(job.task, images, [], started(job))
    with TemporaryDirectory() as folder:
        fit(recipe, Path(folder), _SEEDS * number + (job.fold or 0), silent)
        return read_weights(job.task, Path(folder) / "model.safetensors").network

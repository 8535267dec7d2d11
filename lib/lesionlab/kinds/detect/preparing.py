"""From a datastore to a recipe: which images train, which validate, and from which weights."""

from __future__ import annotations

from pathlib import Path

import torch

from lesionlab.errors import InputError, NotFoundError
from lesionlab.kinds.detect.images import marked_images, stored
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import DetectWeights, from_imagenet, read_weights, weights_path
from lesionlab.kinds.kind import TrainOptions
from lesionlab.store.cases import read_cases
from lesionlab.store.split import Shares, split_patients
from lesionlab.store.versions import WEIGHTS


def prepare(task: DetectTask, data: Path, options: TrainOptions) -> DetectRecipe:
    """The recipe of a task on a datastore; goes on from the model that the options name, or the shipped one if there is any.

    Raises:
        InputError: no image of a training patient has a marked lesion.
    """
    cases = [case for case in read_cases(data) if case.point_mm is not None or case.mask is not None or case.label]
    if not cases:
        raise InputError(
            "there is nothing to train on", got=str(data), expected="points and sizes in cases.csv, or masks"
        )
    shares = Shares(validation=task.training.validation, test=task.training.test)
    split = split_patients(data, (case.patient for case in cases), shares, options.seed)
    training = [stored(task, image) for image in marked_images(split.of(cases, "train"), task)]
    if not any(len(image.lesions) for image in training):
        raise InputError("no training patient has a marked lesion", got=str(data), expected=_expected(task))
    if options.epochs is not None:
        changed = task.training.model_copy(update={"epochs": options.epochs})
        task = task.model_copy(update={"training": changed})
    torch.manual_seed(options.seed)  # of random weights
    validation = list(marked_images(split.of(cases, "validation"), task))
    return DetectRecipe(task, training, validation, _start(task, options))


def _expected(task: DetectTask) -> str:
    labels = sorted({label for name, belonging in task.classes.items() for label in (name, *belonging)})
    return "points and sizes, or masks" + (f", labelled {', '.join(labels)}" if labels else "")


def _start(task: DetectTask, options: TrainOptions) -> DetectWeights | None:
    if options.fresh:
        return None
    if options.start is not None:
        return read_weights(task, options.start / WEIGHTS)
    try:
        return read_weights(task, weights_path(task))
    except NotFoundError:
        return from_imagenet(task)

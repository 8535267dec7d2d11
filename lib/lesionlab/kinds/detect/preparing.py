"""From a datastore to a recipe: which images train, which validate, and from which weights."""

from __future__ import annotations

from pathlib import Path

import torch

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.kinds.detect.images import Found, marked_images, stored
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weak_marks import weak_labels_of, weak_marks
from lesionlab.kinds.detect.weights import from_imagenet, read_weights
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.weights_files import starting_weights
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.files import image_name
from lesionlab.store.split import Shares, split_patients


def prepare(task: DetectTask, data: Path, options: TrainOptions) -> DetectRecipe:
    """The recipe of a task on a datastore; it goes on from the model that the options name, or the shipped one if there is any.

    Weak labels (``labels/weak/``: doses, contours, markups) count where an image has neither points nor a mask.

    Raises:
        InputError: no image of a training patient has a marked lesion.
    """
    weak = weak_labels_of(data)

    def marks_of(path: Path, lattice: Geometry) -> list[Found]:
        return weak_marks(task, weak.get(image_name(path), ()), lattice)

    def is_labelled(case: Case) -> bool:
        return bool(case.point_mm or case.mask or case.label or image_name(case.image) in weak)

    cases = [case for case in read_cases(data) if is_labelled(case)]
    if not cases:
        raise InputError(
            "there is nothing to train on",
            got=str(data),
            expected="points and sizes in cases.csv, masks, or files in labels/weak",
        )
    shares = Shares(validation=task.training.validation, test=task.training.test)
    split = split_patients(data, (case.patient for case in cases), shares, options.seed)
    training = [stored(task, image) for image in marked_images(split.of(cases, "train"), task, marks_of)]
    if not any(len(image.lesions) for image in training):
        raise InputError("no training patient has a marked lesion", got=str(data), expected=_expected(task))
    if options.epochs is not None:
        changed = task.training.model_copy(update={"epochs": options.epochs})
        task = task.model_copy(update={"training": changed})
    torch.manual_seed(options.seed)  # of random weights
    validation = list(marked_images(split.of(cases, "validation"), task, marks_of))
    return DetectRecipe(task, training, validation, starting_weights(task, options, read_weights, from_imagenet))


def _expected(task: DetectTask) -> str:
    labels = sorted({label for name, belonging in task.classes.items() for label in (name, *belonging)})
    return "points and sizes, or masks" + (f", labelled {', '.join(labels)}" if labels else "")

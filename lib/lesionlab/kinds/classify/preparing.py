"""From a datastore to a recipe: which cases train which member, which are held out, and from which weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from lesionlab.errors import InputError
from lesionlab.kinds.classify.folds import fold_patients
from lesionlab.kinds.classify.recipe import ClassifyRecipe
from lesionlab.kinds.classify.samples import StoredCase, labelled, stored_cases
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.classify.weights import read_weights
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.weights_files import starting_weights
from lesionlab.store.cases import read_cases
from lesionlab.store.split import Shares, split_patients


def prepare(task: ClassifyTask, data: Path, options: TrainOptions) -> ClassifyRecipe:
    """The recipe of a task on a datastore; goes on from the model that the options name, or the shipped one if there is any.

    Raises:
        InputError: the training patients do not show every class.
    """
    cases = labelled(task, read_cases(data))
    if not cases:
        raise InputError("there is nothing to train on", got=str(data), expected="cases.csv with a label for images")
    settings = task.training
    shares = Shares(validation=settings.validation, test=settings.test)
    split = split_patients(data, (case.patient for case in cases), shares, options.seed)
    training = stored_cases(task, split.of(cases, "train"))
    missing = set(range(len(task.classes))) - {case.truth for case in training}
    if missing:
        raise InputError(
            "the training patients do not show every class",
            got=f"none of {', '.join(task.classes[n] for n in sorted(missing))}",
            expected=f"cases of {', '.join(task.classes)}",
        )
    validation = stored_cases(task, split.of(cases, "validation"))
    if options.epochs is not None:
        task = task.model_copy(update={"training": settings.model_copy(update={"epochs": options.epochs})})
    members, held_out = divided(training, validation, _folds(task, data, training, options.seed), settings.folds)
    torch.manual_seed(options.seed)  # of random weights
    return ClassifyRecipe(task, members, held_out, starting_weights(task, options, read_weights), options.seed)


def divided(
    training: Sequence[StoredCase], validation: Sequence[StoredCase], folds: dict[str, int], count: int
) -> tuple[list[list[StoredCase]], list[tuple[StoredCase, tuple[int, ...]]]]:
    """What each of ``count`` members is trained on, and the cases that some of them have not seen, with who."""
    everyone = tuple(range(count))
    held_out = [(case, everyone) for case in validation]
    if count == 1:
        return [list(training)], held_out
    members = [[case for case in training if folds[case.patient] != number] for number in everyone]
    return members, [*((case, (folds[case.patient],)) for case in training), *held_out]


def _folds(task: ClassifyTask, data: Path, training: Sequence[StoredCase], seed: int) -> dict[str, int]:
    if task.training.folds == 1:
        return {}
    seen: dict[str, Counter[int]] = {}
    for case in training:
        seen.setdefault(case.patient, Counter())[case.truth] += 1
    rare = Counter(case.truth for case in training)
    # A patient counts for the rarest class that it shows, as that is the one that must reach every fold.
    classes = {patient: min(found, key=lambda n: (rare[n], n)) for patient, found in seen.items()}
    return dict(fold_patients(data, classes, task.training.folds, seed))

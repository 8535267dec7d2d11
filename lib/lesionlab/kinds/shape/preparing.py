"""From a datastore to a recipe: which lesions train, which validate, and from which weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from lesionlab.errors import InputError, NotFoundError
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.shape.data import cut_lesion, simulate
from lesionlab.kinds.shape.recipe import ShapeRecipe, Source
from lesionlab.kinds.shape.samples import StoredLesion
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.shape.truths import true_lesions
from lesionlab.kinds.shape.weights import ShapeWeights, read_weights, weights_path
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.split import Shares, split_patients
from lesionlab.store.versions import WEIGHTS

#: Simulated lesions drawn once for a run, so that the network does not forget what the datastore does not show. One takes
#: half a second; each is turned, stretched and clicked anew whenever it is used.
_SIMULATED = 48


def prepare(task: ShapeTask, data: Path, options: TrainOptions) -> ShapeRecipe:
    """The recipe of a task on a datastore; goes on from the model that the options name, or the shipped one if there is any.

    Raises:
        InputError: no training patient has a mask.
    """
    cases = [case for case in read_cases(data) if case.mask is not None]
    if not cases:
        raise InputError("there is nothing to train on", got=str(data), expected="masks in labels/final")
    shares = Shares(validation=task.training.validation, test=task.training.test)
    split = split_patients(data, (case.patient for case in cases), shares, options.seed)
    training = _stored(split.of(cases, "train"))
    if not training:
        raise InputError("no training patient has a lesion large enough to learn from", got=str(data))
    share = task.training.phantoms
    simulated = simulate(np.random.default_rng([options.seed, 1]), _SIMULATED) if share > 0 else []
    if options.epochs is not None:
        changed = task.training.model_copy(update={"epochs": options.epochs})
        task = task.model_copy(update={"training": changed})
    torch.manual_seed(options.seed)  # of random weights
    sources = [Source(training, 1 - share), Source(simulated, share)]
    return ShapeRecipe(task, sources, _stored(split.of(cases, "validation")), _start(task, options))


def _start(task: ShapeTask, options: TrainOptions) -> ShapeWeights | None:
    if options.fresh:
        return None
    if options.start is not None:
        return read_weights(task, options.start / WEIGHTS)
    try:
        return read_weights(task, weights_path(task))
    except NotFoundError:
        return None


def _stored(cases: tuple[Case, ...]) -> list[StoredLesion]:
    cut = (cut_lesion(lesion.image, lesion.truth, lesion.size_mm) for lesion in true_lesions(cases))
    return [lesion for lesion in cut if lesion is not None]

"""From a datastore to a recipe: which lesions train, which validate, and from which weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from lesionlab.errors import InputError
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.shape.data import cut_lesion, simulate
from lesionlab.kinds.shape.recipe import ShapeRecipe, Source
from lesionlab.kinds.shape.samples import StoredLesion
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.shape.truths import true_lesions
from lesionlab.kinds.shape.weak import WeakLesion, labels_by_image, weak_lesions
from lesionlab.kinds.shape.weights import read_weights
from lesionlab.kinds.weights_files import starting_weights
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.files import image_name
from lesionlab.store.split import Part, Shares, Split, split_patients
from lesionlab.store.versions import UsedWeak
from lesionlab.weak.label import WeakLabel

#: Simulated lesions drawn once for a run, so that the network does not forget what the datastore does not show. One takes
#: half a second; each is turned, stretched and clicked anew whenever it is used.
_SIMULATED = 48


def prepare(task: ShapeTask, data: Path, options: TrainOptions) -> ShapeRecipe:
    """The recipe of a task on a datastore; goes on from the model that the options name, or the shipped one if there is any.

    Masks train, and so do weak labels of lesions that have none. Validation is by masks, or by weak labels where no validation
    patient has a mask.

    Raises:
        InputError: no training patient has a mask or a weak label with a size.
    """
    labels = labels_by_image(data) if task.training.weak > 0 else {}
    cases = [case for case in read_cases(data) if case.mask is not None or image_name(case.image) in labels]
    if not cases:
        expected = "masks in labels/final, or weak labels with a size (cases.csv, labels/weak, marks)"
        raise InputError("there is nothing to train on", got=str(data), expected=expected)
    shares = Shares(validation=task.training.validation, test=task.training.test)
    split = split_patients(data, (case.patient for case in cases), shares, options.seed)
    masks, weak = _stored(split.of(cases, "train")), _weak(split, cases, labels, "train")
    if not masks and not weak:
        raise InputError("no training patient has a lesion large enough to learn from", got=str(data))
    validation = _stored(split.of(cases, "validation"))
    used = [_used(lesion, "train") for lesion in weak]
    if not validation:
        stand_in = _weak(split, cases, labels, "validation")
        validation = [lesion.stored for lesion in stand_in]
        used += [_used(lesion, "validation") for lesion in stand_in]
    if options.epochs is not None:
        changed = task.training.model_copy(update={"epochs": options.epochs})
        task = task.model_copy(update={"training": changed})
    torch.manual_seed(options.seed)  # of random weights
    return ShapeRecipe(
        task, _sources(task, masks, weak, options.seed), validation, starting_weights(task, options, read_weights), used
    )


def _sources(
    task: ShapeTask, masks: Sequence[StoredLesion], weak: Sequence[WeakLesion], seed: int
) -> tuple[Source, Source, Source]:
    simulated = task.training.phantoms
    # As many as there are, so that a few weak labels are not drawn again and again.
    part = min(task.training.weak, len(weak) / (len(masks) + len(weak))) if masks else 1.0
    return (
        Source(masks, (1 - simulated) * (1 - part)),
        Source([lesion.stored for lesion in weak], (1 - simulated) * part),
        Source(simulate(np.random.default_rng([seed, 1]), _SIMULATED) if simulated > 0 else [], simulated),
    )


def _weak(
    split: Split, cases: Sequence[Case], labels: Mapping[str, Sequence[WeakLabel]], part: Part
) -> list[WeakLesion]:
    return list(weak_lesions(split.of(cases, part), labels))


def _used(lesion: WeakLesion, part: Part) -> UsedWeak:
    return UsedWeak(
        image=lesion.image,
        patient=lesion.patient,
        part=part,
        kind=type(lesion.label).__name__,
        trust=lesion.label.trust,
        sha256=lesion.sha256,
    )


def _stored(cases: Sequence[Case]) -> list[StoredLesion]:
    cut = (cut_lesion(lesion.image, lesion.truth, lesion.size_mm) for lesion in true_lesions(cases, strict=False))
    return [lesion for lesion in cut if lesion is not None]

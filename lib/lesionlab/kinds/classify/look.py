"""A look at an unlabelled image, for active learning."""

from __future__ import annotations

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.result import ClassifyResult
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.kind import Look, Model
from lesionlab.store.cases import Case


def look(task: ClassifyTask, model: Model, case: Case, volume: Volume) -> Look | None:
    """How unsure the model is of the class; None for a patch without a point.

    The uncertainty is the entropy of the probabilities: 1 when all classes are as likely.

    Raises:
        InputError: the point or the size does not fit the image.
    """
    if not isinstance(model, ClassifyModel):
        raise InputError("the model is not one of a classify task", got=type(model).__name__)
    patch = isinstance(task.input, PatchForm)
    if patch and case.point_mm is None:
        return None
    seen = model.see(volume, case.point_mm if patch else None, case.size_mm if patch else None)
    chances = np.maximum(seen.probabilities, 1e-12)
    entropy = float(-(chances * np.log(chances)).sum() / np.log(len(chances)))
    return Look(min(max(entropy, 0.0), 1.0), seen.features, model.result(volume, seen))


def answers_apart(a: ClassifyResult, b: ClassifyResult) -> float:
    """Half the sum of the differences of the probabilities (total variation): 0 for the same, 1 when both are sure of another."""
    return sum(abs(a.scores[name] - b.scores[name]) for name in a.scores) / 2

"""How likely a ``classify`` model finds an image diseased: the probability of the positive class, the highest of its points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lesionlab.errors import InputError
from lesionlab.kinds.classify.evaluation import answered, our_model
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.exhibits import Rating
from lesionlab.kinds.kind import Model
from lesionlab.progress import Report
from lesionlab.store.cases import Case


def ratings(task: ClassifyTask, model: Model, cases: Sequence[Case], report: Report) -> tuple[Rating, ...]:
    """One for each image, in the order of the cases.

    Raises:
        InputError: the task has no positive class.
    """
    target = task.target
    if target is None:
        raise InputError(
            f"task {task.name} has no positive class", got=", ".join(task.classes), expected="positive: CLASS"
        )
    found = answered(task, our_model(model), cases, report)
    rated = []
    for image in dict.fromkeys(case.image for case in found.cases):
        rows = np.array([n for n, case in enumerate(found.cases) if case.image == image])
        diseased = bool((found.truth[rows] == target).any())
        called = bool((found.chosen[rows] == target).any())
        score = float(found.probabilities[rows, target].max())
        rated.append(Rating(image.name, found.cases[int(rows[0])].patient, diseased, score, called))
    return tuple(rated)

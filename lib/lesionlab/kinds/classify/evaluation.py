"""How good a ``classify`` model is on cases whose class is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.samples import labelled
from lesionlab.kinds.classify.scoring import separation
from lesionlab.kinds.classify.task import ClassifyRequest, ClassifyTask
from lesionlab.kinds.kind import CaseScore, Json, Model
from lesionlab.metrics.bootstrap import resampled
from lesionlab.metrics.calibration import expected_error, reliability
from lesionlab.metrics.confusion import Confusion, share_interval
from lesionlab.metrics.roc import auc_interval
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import Case, read_cases

_SEED, _DRAWS = 0, 1000
_EDGES = tuple(np.linspace(0, 1, 11).tolist())
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answered:
    """All cases of a datastore with what a model answered.

    Attributes:
        cases: the labelled ones.
        probabilities: (n, classes).
        truth, chosen: (n,), indices of classes.
        abstained: (n,).
    """

    cases: tuple[Case, ...]
    probabilities: Values
    truth: NDArray[np.int64]
    chosen: NDArray[np.int64]
    abstained: NDArray[np.bool_]


def answered(task: ClassifyTask, model: ClassifyModel, cases: Sequence[Case], report: Report) -> Answered:
    """Ask a model about every labelled case."""
    found = labelled(task, cases)
    results = []
    last: tuple[Path, Volume] | None = None
    for number, case in enumerate(found, start=1):
        if last is None or last[0] != case.image:
            last = (case.image, read_volume(case.image))
        results.append(model.predict(last[1], request_of(task, case)))
        report(Progress(number, len(found), case.image.name))
    classes = list(task.classes)
    return Answered(
        found,
        np.array([[r.scores[name] for name in classes] for r in results]).reshape(-1, len(classes)),
        np.array([classes.index(case.label) for case in found], dtype=np.int64),
        np.array([classes.index(r.chosen) for r in results], dtype=np.int64),
        np.array([r.abstained for r in results], dtype=np.bool_),
    )


def request_of(task: ClassifyTask, case: Case) -> ClassifyRequest:
    """What is asked about a case: a patch task about its point and size."""
    if not isinstance(task.input, PatchForm):
        return ClassifyRequest()
    return ClassifyRequest(point_mm=case.point_mm, size_mm=case.size_mm if task.input.side is not None else None)


def evaluate(task: ClassifyTask, model: Model, data: Path, report: Report) -> Json:
    """AUC with its interval, figures at the operating point, calibration, confusion, and every case.

    Raises:
        InputError: no case has a class.
    """
    ours = our_model(model)
    found = answered(task, ours, read_cases(data), report)
    if not found.cases:
        raise InputError("no case has a class", got=str(data), expected="a label in cases.csv")
    low, high = _interval(task, found)
    scores: Json = {
        "task_model": ours.version,
        "total": len(found.cases),
        "patients": len({case.patient for case in found.cases}),
        "auc": separation(found.probabilities, found.truth),
        "auc_interval_95": [low, high],
        "accuracy": float((found.chosen == found.truth).mean()),
        "operating_point": ours.reading.operating_point,
        "abstained": float(found.abstained.mean()),
        "accuracy_without_abstained": _share(found.chosen == found.truth, ~found.abstained),
        **_calibration(task, found),
        "confusion": _confusion(task, found),
    }
    if task.target is not None:
        scores["at_operating_point"] = _at_point(found.chosen == task.target, found.truth == task.target)
    scores["cases"] = [
        {
            "image": case.image.name,
            "patient": case.patient,
            "truth": task.classes[found.truth[n]],
            "label": task.classes[found.chosen[n]],
            "abstained": bool(found.abstained[n]),
            "scores": dict(zip(task.classes, found.probabilities[n].tolist(), strict=True)),
        }
        for n, case in enumerate(found.cases)
    ]
    return scores


def truth_of_cases(task: ClassifyTask, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
    """The probability that a model gives to each case's class."""
    found = answered(task, our_model(model), cases, report)
    values = found.probabilities[np.arange(len(found.truth)), found.truth]
    return tuple(
        CaseScore(case.image.name, case.patient, float(value)) for case, value in zip(found.cases, values, strict=True)
    )


def _at_point(chosen: NDArray[np.bool_], present: NDArray[np.bool_]) -> Json:
    """Rates with Wilson's intervals, and F1; None where there is nothing to divide by."""
    counts = Confusion.at(present, chosen.astype(np.float64), 0.5)
    rates = {
        "sensitivity": (counts.true_positives, counts.true_positives + counts.false_negatives),
        "specificity": (counts.true_negatives, counts.true_negatives + counts.false_positives),
        "precision": (counts.true_positives, counts.true_positives + counts.false_positives),
        "accuracy": (counts.true_positives + counts.true_negatives, counts.cases),
    }
    figures: Json = {}
    for name, (hits, of) in rates.items():
        interval = share_interval(hits, of) if of else None
        figures[name] = None if interval is None else interval.mean
        figures[f"{name}_interval_95"] = None if interval is None else [interval.low, interval.high]
    return {**figures, "f1": counts.f1}


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    return float(what[among].mean()) if among.any() else None


def _calibration(task: ClassifyTask, found: Answered) -> Json:
    """Expected error of the probability of the positive class (else of the chosen one), and the Brier score over all classes."""
    rows = np.arange(len(found.truth))
    if task.target is not None:
        stated, right = found.probabilities[:, task.target], found.truth == task.target
    else:
        likeliest = found.probabilities.argmax(axis=1)
        stated, right = found.probabilities[rows, likeliest], likeliest == found.truth
    bins = reliability(stated, right.astype(np.float64), _EDGES)
    wanted = np.zeros_like(found.probabilities)
    wanted[rows, found.truth] = 1.0
    return {
        "calibration_error": expected_error(bins),
        "reliability": [[b.predicted, b.observed, b.count] for b in bins],
        "brier": float(((found.probabilities - wanted) ** 2).sum(axis=1).mean()),
    }


def _confusion(task: ClassifyTask, found: Answered) -> dict[str, dict[str, int]]:
    """True class -> chosen class -> cases."""
    return {
        true: {said: int(((found.truth == n) & (found.chosen == m)).sum()) for m, said in enumerate(task.classes)}
        for n, true in enumerate(task.classes)
    }


def _interval(task: ClassifyTask, found: Answered) -> tuple[float, float]:
    """Of the AUC, patients with all their cases at a time: DeLong's with two classes, else by percentile bootstrap."""
    patients = [case.patient for case in found.cases]
    if len(np.unique(found.truth)) < 2:
        return 0.0, 1.0
    if len(task.classes) == 2:
        interval = auc_interval(found.truth == 1, found.probabilities[:, 1], patients)
    else:
        rng = np.random.default_rng(_SEED)
        interval = resampled(lambda rows: _area_of(found, rows), rng, patients, _DRAWS)
    return interval.low, interval.high


def _area_of(found: Answered, rows: NDArray[np.intp]) -> float:
    truth = found.truth[rows]
    return separation(found.probabilities[rows], truth) if len(np.unique(truth)) > 1 else float("nan")


def our_model(model: Model) -> ClassifyModel:
    """The model, if it is one of a classify task. Raises InputError when it is not."""
    if not isinstance(model, ClassifyModel):
        raise InputError("the model is not one of a classify task", got=type(model).__name__)
    return model

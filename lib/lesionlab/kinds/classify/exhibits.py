"""What the scores of a ``classify`` model show: ROC curve, reliability, confusion, every case; and two models compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.kinds.classify.scoring import separation
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.exhibits import Cell, Compared, Curve, Exhibit, Matrix, Measured, Plot, Table
from lesionlab.kinds.kind import Json
from lesionlab.metrics.bootstrap import resamples
from lesionlab.metrics.roc import compare_aucs, curve

_SEED, _DRAWS = 0, 1000
_RATES = ("sensitivity", "specificity", "precision", "accuracy")


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Case(_Read):
    image: str
    patient: str
    truth: str
    label: str
    abstained: bool
    scores: dict[str, float]


class ClassifyScores(_Read):
    """What ``evaluate`` wrote."""

    auc: float
    auc_interval_95: tuple[float, float]
    accuracy: float
    abstained: float
    accuracy_without_abstained: float | None
    calibration_error: float
    brier: float
    operating_point: float | None
    at_operating_point: dict[str, float | tuple[float, float] | None] = {}
    reliability: tuple[tuple[float, float, int], ...]
    confusion: dict[str, dict[str, int]]
    cases: tuple[_Case, ...]


def headline(scores: Json) -> Measured:
    """The area under the ROC curve."""
    found = checked(ClassifyScores, scores, "scores")
    return Measured("area under the ROC curve", found.auc, *found.auc_interval_95)


def exhibits(task: ClassifyTask, scores: Json) -> tuple[Exhibit, ...]:
    """Plots and tables for people."""
    found = checked(ClassifyScores, scores, "scores")
    return (_roc(task, found), _figures(found), _reliability(found), _confusion(task, found), _cases(task, found))


def differences(task: ClassifyTask, ours: Json, theirs: Json) -> tuple[Compared, ...]:
    """The areas (DeLong's test with two classes, else by paired bootstrap over patients) and the accuracies.

    Raises:
        InputError: the two were not scored on the same cases.
    """
    first, second = (checked(ClassifyScores, scores, "scores") for scores in (ours, theirs))
    if [(c.image, c.truth) for c in first.cases] != [(c.image, c.truth) for c in second.cases]:
        raise InputError("the two models were not scored on the same cases")
    truth, patients = _truth(task, first), [case.patient for case in first.cases]
    rows = [_probabilities(task, side) for side in (first, second)]
    right = [np.array([c.label == c.truth for c in side.cases], dtype=np.float64) for side in (first, second)]
    draws = list(resamples(patients, np.random.default_rng(_SEED), _DRAWS))
    accuracy = np.quantile([(right[0] - right[1])[d].mean() for d in draws], [0.025, 0.975])
    accuracies = Compared("accuracy", first.accuracy, second.accuracy, float(accuracy[0]), float(accuracy[1]))
    if len(task.classes) == 2:
        test = compare_aucs(truth == 1, rows[0][:, 1], rows[1][:, 1], patients)
        return Compared("AUC", first.auc, second.auc, test.low, test.high, test.p), accuracies
    gaps = [separation(rows[0][d], truth[d]) - separation(rows[1][d], truth[d]) for d in draws]
    low, high = np.quantile(gaps, [0.025, 0.975])
    return Compared("AUC", first.auc, second.auc, float(low), float(high)), accuracies


def _truth(task: ClassifyTask, found: ClassifyScores) -> NDArray[np.int64]:
    return np.array([task.classes.index(case.truth) for case in found.cases], dtype=np.int64)


def _probabilities(task: ClassifyTask, found: ClassifyScores) -> NDArray[np.float64]:
    return np.array([[case.scores[name] for name in task.classes] for case in found.cases], dtype=np.float64)


def _roc(task: ClassifyTask, found: ClassifyScores) -> Plot:
    truth, chances = _truth(task, found), _probabilities(task, found)
    shown = [task.target] if task.target is not None else list(range(len(task.classes)))
    curves = []
    for n in shown:
        if 0 < (truth == n).sum() < len(truth):
            points = curve(truth == n, chances[:, n])
            x, y = tuple(1 - p.specificity for p in points), tuple(p.sensitivity for p in points)
            curves.append(Curve(task.classes[n], x, y, "steps"))
    sensitivity, specificity = (found.at_operating_point.get(name) for name in ("sensitivity", "specificity"))
    if isinstance(sensitivity, float) and isinstance(specificity, float):
        curves.append(Curve("operating point", (1 - specificity,), (sensitivity,), "points"))
    low, high = found.auc_interval_95
    return Plot(
        "Cases found against false alarms (ROC)",
        f"Of {len(found.cases)} cases. The area under the curve is {found.auc:.3f} (95 % interval {low:.3f} to {high:.3f}); "
        "0.5 is a guess.",
        "1 - specificity",
        "sensitivity",
        tuple(curves),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.02),
        diagonal=True,
    )


def _figures(found: ClassifyScores) -> Table:
    low, high = found.auc_interval_95
    rows: list[tuple[Cell, ...]] = [("area under the ROC curve", found.auc, low, high)]
    for name in _RATES:
        value, bounds = found.at_operating_point.get(name), found.at_operating_point.get(f"{name}_interval_95")
        if isinstance(value, float) and isinstance(bounds, tuple):
            rows.append((name, value, *bounds))
    f1 = found.at_operating_point.get("f1")
    rows += [("F1", f1, None, None)] if isinstance(f1, float) else [("accuracy", found.accuracy, None, None)]
    rows += [
        ("left to the reader", found.abstained, None, None),
        ("accuracy of the others", found.accuracy_without_abstained, None, None),
        ("expected calibration error", found.calibration_error, None, None),
        ("Brier score", found.brier, None, None),
    ]
    point = found.operating_point
    text = (
        ""
        if point is None
        else f"The operating point is a probability of {point:.3f}, chosen when the model was trained."
    )
    return Table("Figures", ("figure", "value", "95 % from", "to"), tuple(rows), text)


def _reliability(found: ClassifyScores) -> Plot:
    x, y, counts = zip(*found.reliability, strict=True)
    return Plot(
        "Does 0.8 mean 0.8?",
        f"Probabilities as the model states them against how often they come true, in bins of {min(counts)} to {max(counts)} "
        "cases; on the diagonal both are the same.",
        "stated probability",
        "observed share",
        (Curve("bins", tuple(x), tuple(y), "points"),),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.02),
        diagonal=True,
    )


def _confusion(task: ClassifyTask, found: ClassifyScores) -> Matrix:
    cells = tuple(
        tuple(Measured("cases", found.confusion[true][said]) for said in task.classes) for true in task.classes
    )
    return Matrix("Confusion", "Cases by true class and answer.", "truth", "answer", task.classes, task.classes, cells)


def _cases(task: ClassifyTask, found: ClassifyScores) -> Table:
    rows = tuple(
        (c.image, c.patient, c.truth, c.label, "yes" if c.abstained else "", *(c.scores[name] for name in task.classes))
        for c in found.cases
    )
    columns = ("image", "patient", "truth", "answer", "left to the reader", *task.classes)
    return Table("Every case", columns, rows, folded=True)

"""Classification on real images: each case answered by the member of the ensemble that has not seen its patient.

``python -m benchmarks.classify_real TASK --data STORE --model DIR [--model DIR ...] --json FILE`` with a datastore that
``benchmarks.real_stores`` wrote and models that ``lesionlab train`` (or the loop behind it) made on it, the first of
which is compared with the others. Beside them: what position, size, mean grey level and histogram alone achieve, on the
same folds. The epoch of a model was chosen on the same held-out scores, which favours it slightly.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lesionlab.image.files import read_volume
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.classify.recipe import ClassifyRecipe
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.classify.weights import read_weights
from lesionlab.kinds.kind import TrainOptions
from lesionlab.metrics.roc import auc_interval, compare_aucs, operating_point
from lesionlab.networks.classifier import Ensemble
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.versions import WEIGHTS

Values = NDArray[np.float64]
Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """One line of the table: the area with its interval, and specificities at 90 and 95 % sensitivity."""

    method: str
    cases: int
    auc: float
    low: float
    high: float
    specificity_at_90: float
    specificity_at_95: float
    minus_first: tuple[float, float, float] | None = None


def row(method: str, diseased: NDArray[np.bool_], scores: Values, patients: list[str]) -> Row:
    """The figures of one method."""
    area = auc_interval(diseased, scores, patients)
    found = [operating_point(diseased, scores, s).specificity for s in (0.9, 0.95)]
    return Row(method, len(diseased), area.mean, area.low, area.high, found[0], found[1])


def positive_of(task: ClassifyTask) -> int:
    """The index of the class that is looked for; of tasks that name none the second."""
    return 1 if task.target is None else task.target


def held_out_scores(task: ClassifyTask, recipe: ClassifyRecipe, model: Path) -> Values:
    """(n,): log odds of the positive class for each case, by the member that has not seen its patient."""
    network = Ensemble(list(read_weights(task, model / WEIGHTS).members)).eval()
    logits, _ = recipe.held_out_logits(network)
    target = positive_of(task)
    return np.asarray(logits[:, target] - np.delete(logits, target, axis=1).max(axis=1))


def place_and_size(case: Case, values: NDArray[np.float32]) -> list[float]:
    """Where the click is, as shares of the picture, and how large the lesion is said to be."""
    assert case.point_mm is not None
    r, a, _ = case.point_mm
    return [-r / values.shape[0], -a / values.shape[1], (case.size_mm or 0.0) / max(values.shape)]


def grey_level(case: Case, values: NDArray[np.float32]) -> list[float]:
    """The mean of the picture around the click, and of the whole."""
    part = _around(case, values)
    return [float(part.mean()), float(part.std()), float(values.mean())]


def histogram(case: Case, values: NDArray[np.float32]) -> list[float]:
    """Sixteen bins of the grey levels around the click."""
    counts, _ = np.histogram(_around(case, values), bins=16, range=(0, 256), density=True)
    return [float(x) for x in counts]


def has_callipers(values: NDArray[np.float32], case: Case) -> bool:
    """Whether two or more bright upright crosses of 5 to 9 px lie about the lesion."""
    best = np.zeros_like(values)
    for arm in (2, 3, 4):
        cross = np.minimum(*(ndimage.minimum_filter1d(values, 2 * arm + 1, axis=axis) for axis in (0, 1)))
        corners = [np.roll(values, (a * arm, b * arm), (0, 1)) for a in (-1, 1) for b in (-1, 1)]
        best = np.maximum(best, cross - np.max(corners, axis=0))
    assert case.point_mm is not None
    assert case.size_mm is not None
    x, y = np.meshgrid(*(np.arange(n) for n in values.shape), indexing="ij")
    near = np.hypot(x + case.point_mm[0], y + case.point_mm[1]) < 0.8 * case.size_mm + 14
    peaks = (best == ndimage.maximum_filter(best, 9)) & (best > 25) & near
    return int(peaks.sum()) >= 2


def by_callipers(cases: Sequence[Case], pictures: Sequence[Picture]) -> dict[str, NDArray[np.bool_]]:
    """Which images have callipers and which have none; nothing where sizes are not given, by which they are looked for."""
    if not all(case.size_mm for case in cases):
        return {}
    marked = np.array([has_callipers(values, case) for values, case in zip(pictures, cases, strict=True)])
    return {"with callipers": marked, "without callipers": ~marked}


def picture_of(case: Case) -> Picture:
    """The grey levels of a case's image, (columns, rows)."""
    return np.asarray(read_volume(case.image).array[..., 0], dtype=np.float32)


def _around(case: Case, values: NDArray[np.float32]) -> NDArray[np.float32]:
    assert case.point_mm is not None
    half = max(int((case.size_mm or 0.16 * max(values.shape)) / 2), 4)
    x, y = round(-case.point_mm[0]), round(-case.point_mm[1])
    return values[max(x - half, 0) : x + half, max(y - half, 0) : y + half]


def cross_validated(features: Values, diseased: NDArray[np.bool_], folds: NDArray[np.int64], trees: bool) -> Values:
    """Scores of a classifier on features, each fold by one that has not seen it."""
    scores = np.zeros(len(diseased))
    for fold in np.unique(folds):
        held_out = folds == fold
        model = (
            HistGradientBoostingClassifier(max_depth=3, random_state=0)
            if trees
            else make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced"))
        )
        model.fit(features[~held_out], diseased[~held_out])
        scores[held_out] = model.predict_proba(features[held_out])[:, 1]
    return scores


def main() -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, action="append", required=True)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    task = find_task(args.task)
    assert isinstance(task, ClassifyTask)
    recipe = kind_of(task).recipe(task, args.data, TrainOptions(fresh=True))
    assert isinstance(recipe, ClassifyRecipe)
    cases = [case for case in read_cases(args.data) if case.label]
    patients = [case.patient for case in cases]
    diseased = np.array([case.label == task.classes[positive_of(task)] for case in cases])
    folds = np.array([unseen[0] for _, unseen in recipe.held_out])
    pictures = [picture_of(case) for case in cases]

    ours = [held_out_scores(task, recipe, model) for model in args.model]
    rows = [row(model.name, diseased, scores, patients) for model, scores in zip(args.model, ours, strict=True)]
    simple: dict[str, Callable[[Case, NDArray[np.float32]], list[float]]] = {
        "position and size alone": place_and_size,
        "grey level alone": grey_level,
        "histogram alone": histogram,
    }
    others = ours[1:]
    for name, features_of in simple.items():
        features = np.array([features_of(case, values) for case, values in zip(cases, pictures, strict=True)])
        for trees, how in ((False, "logistic"), (True, "trees")):
            others.append(cross_validated(features, diseased, folds, trees))
            rows.append(row(f"{name} ({how})", diseased, others[-1], patients))
    table = [asdict(rows[0])]
    for one, scores in zip(rows[1:], others, strict=True):
        less = compare_aucs(diseased, scores, ours[0], patients)
        table.append({**asdict(one), "minus_first": (less.value, less.low, less.high)})
    if all(case.size_mm for case in cases):
        marked = np.array([has_callipers(values, case) for case, values in zip(cases, pictures, strict=True)])
        for name, part in (("with callipers", marked), ("without callipers", ~marked)):
            chosen = [patient for patient, take in zip(patients, part, strict=True) if take]
            table.append(asdict(row(f"{args.model[0].name}, images {name}", diseased[part], ours[0][part], chosen)))
    args.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

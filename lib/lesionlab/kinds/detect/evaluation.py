"""How good a ``detect`` model is on images whose lesions are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.kinds.detect.images import marked_images
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.kind import CaseScore, Json, Model
from lesionlab.metrics.calibration import TENTHS, expected_error, reliability
from lesionlab.metrics.froc import RATES, ImageMarks, curve, intervals, sensitivities, sensitivity_at
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import Case, read_cases

_SEED = 0
#: Upper bounds of the size groups, mm.
_SIZES = (6.0, 10.0, 20.0, 40.0, 80.0, float("inf"))


def evaluate(task: DetectTask, model: Model, data: Path, report: Report) -> Json:
    """FROC with intervals, the mean sensitivity (CPM), sensitivity by size and class, and what the confidence is worth.

    Raises:
        InputError: no image has a lesion.
    """
    cases = read_cases(data)
    total = len({case.image for case in cases})
    compared: list[ImageMarks] = []
    of_class: list[list[ImageMarks]] = [[] for _ in task.classes]
    sizes: list[float] = []
    names: list[str] = []
    patients: list[str] = []
    for image in marked_images(cases, task):
        candidates = _ours(model).candidates(image.volume)
        compared.append(image_marks(candidates, image.lesions))
        for n, marks in enumerate(of_class):
            marks.append(image_marks(candidates, image.lesions, n))
        sizes += [lesion.size_mm for lesion in image.lesions]
        names.append(image.path.name)
        patients.append(image.patient)
        report(Progress(len(compared), total, image.path.name))
    if not sizes:
        raise InputError("no image has a lesion", got=str(data), expected="points and sizes in cases.csv, or masks")
    found = sensitivities(compared, RATES)
    bounds = intervals(compared, RATES, np.random.default_rng(_SEED), patients=patients)
    return {
        "task_model": model.version,
        "images": len(compared),
        "lesions": len(sizes),
        "cpm": float(np.mean(found)),
        "cpm_interval_95": list(bounds[-1]),
        "sensitivity": [
            {"false_positives": rate, "sensitivity": value, "interval_95": list(bound)}
            for rate, value, bound in zip(RATES, found, bounds[:-1], strict=True)
        ],
        "sensitivity_at_target": sensitivity_at(compared, task.false_positives),
        "by_size": _by_size(compared, np.asarray(sizes), task.false_positives),
        **_confidence(compared),
        "by_class": [
            _class_scores(name, marks, patients, task.false_positives)
            for name, marks in zip(task.classes, of_class, strict=True)
        ],
        "first_three": first_candidates(compared, 3),
        "curve": [[p.false_positives, p.sensitivity, p.confidence] for p in curve(compared)],
        "cases": [
            {
                "image": name,
                "patient": patient,
                "found": [c if np.isfinite(c) else None for c in m.found.tolist()],
                "false": m.false.tolist(),
            }
            for name, patient, m in zip(names, patients, compared, strict=True)
        ],
    }


def _class_scores(name: str, marks: Sequence[ImageMarks], patients: Sequence[str], rate: float) -> Json:
    bounds = intervals(marks, RATES, np.random.default_rng(_SEED), patients=patients)
    found = sensitivities(marks, RATES)
    return {
        "class": name,
        "lesions": sum(len(image.found) for image in marks),
        "cpm": float(np.mean(found)),
        "cpm_interval_95": list(bounds[-1]),
        "sensitivity": [
            {"false_positives": at, "sensitivity": value, "interval_95": list(bound)}
            for at, value, bound in zip(RATES, found, bounds[:-1], strict=True)
        ],
        "sensitivity_at_target": sensitivity_at(marks, rate),
    }


def _confidence(images: Sequence[ImageMarks]) -> Json:
    """How often candidates of about a confidence hit a lesion, and the mean gap between the two; second marks count as neither."""
    hits = np.concatenate([image.found[np.isfinite(image.found)] for image in images])
    false = np.concatenate([image.false for image in images])
    hit = np.concatenate([np.ones(len(hits)), np.zeros(len(false))])
    bins = reliability(np.concatenate([hits, false]), hit, TENTHS)
    return {"reliability": [asdict(one) for one in bins], "calibration_error": expected_error(bins)}


def first_candidates(images: Sequence[ImageMarks], count: int, kept: Sequence[Sequence[bool]] | None = None) -> float:
    """The share of lesions that are among the first ``count`` candidates of their image.

    Args:
        images: compared.
        count: of candidates.
        kept: of each image, which lesions to count; None: all. The others still take their places among the candidates.
    """
    hits = [
        bool(np.isfinite(level)) and int((image.false > level).sum()) + int((image.found > level).sum()) < count
        for n, image in enumerate(images)
        for lesion, level in enumerate(image.found)
        if kept is None or kept[n][lesion]
    ]
    return float(np.mean(hits)) if hits else 0.0


def precision_of_cases(model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
    """The average precision of the candidates of each image that has a lesion."""
    total = len({case.image for case in cases})
    scores = []
    ours = _ours(model)
    for image in marked_images(cases, ours.task):
        if image.lesions:
            compared = image_marks(ours.candidates(image.volume), image.lesions)
            scores.append(CaseScore(image.path.name, image.patient, average_precision(compared)))
        report(Progress(len(scores), total, image.path.name))
    return tuple(scores)


def average_precision(image: ImageMarks) -> float:
    """The mean, over an image's lesions, of the precision at the confidence that first shows each; 0 for one never shown."""
    values = []
    for level in image.found:
        shown = int((image.found >= level).sum())
        values.append(shown / (shown + int((image.false >= level).sum())) if np.isfinite(level) else 0.0)
    return float(np.mean(values))


def _by_size(
    compared: Sequence[ImageMarks], sizes: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rate: float
) -> list[Json]:
    levels = [p.confidence for p in curve(compared) if p.false_positives <= rate + 1e-9]
    found = np.concatenate([image.found for image in compared]) >= min(levels, default=np.inf)
    rows, low = [], 0.0
    for high in _SIZES:
        inside = (sizes >= low) & (sizes < high)
        if inside.any():
            rows.append(
                {
                    "from_mm": low,
                    "to_mm": None if np.isinf(high) else high,
                    "lesions": int(inside.sum()),
                    "sensitivity": float(found[inside].mean()),
                }
            )
        low = high
    return rows


def _ours(model: Model) -> DetectModel:
    if not isinstance(model, DetectModel):
        raise InputError("the model is not one of a detect task", got=type(model).__name__)
    return model

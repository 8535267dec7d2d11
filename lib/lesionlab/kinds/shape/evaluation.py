"""How good a ``shape`` model is on lesions whose truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import CaseScore, Json, Model
from lesionlab.kinds.shape.measure import measure
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.kinds.shape.truths import TrueLesion, true_lesions
from lesionlab.metrics.bootstrap import mean_interval
from lesionlab.metrics.calibration import expected_error, reliability
from lesionlab.metrics.overlap import dice, hausdorff95_mm
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import Case, read_cases

_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SEED = 0


@dataclass(frozen=True)
class LesionScore:
    """One lesion's scores; lengths in mm, errors as a share of the truth.

    Attributes:
        image: its file's name.
        patient: whose.
        dice: overlap of mask and truth.
        hd95_mm: 95 % Hausdorff distance of their borders; None when the mask is empty.
        diameter_error: (diameter - true diameter) / true diameter.
        volume_error: likewise.
        certainty: the Dice that the model expected.
        network_dice: as ``dice``, without the competition of seeds.
    """

    image: str
    patient: str
    dice: float
    hd95_mm: float | None
    diameter_error: float
    volume_error: float
    certainty: float
    network_dice: float


def evaluate(model: Model, data: Path, report: Report) -> Json:
    """Scores of every lesion of a datastore, and their summary: means with 95 % intervals over patients.

    Raises:
        InputError: no case has a mask.
    """
    cases = read_cases(data)
    total = sum(case.mask is not None for case in cases)
    scores: list[LesionScore] = []
    for lesion in true_lesions(cases):
        scores.append(score(model, lesion))
        report(Progress(min(len(scores), total), total, f"{lesion.name}: Dice {scores[-1].dice:.3f}"))
    if not scores:
        raise InputError("no case has a mask to compare with", got=str(data), expected="masks in labels/final")
    return {"task_model": model.version, "summary": summarise(scores), "lesions": [asdict(row) for row in scores]}


def dice_of_cases(model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
    """The Dice of every lesion of the labelled cases, by what training made alone; a point outside its mask has no truth yet."""
    if isinstance(model, ShapeModel):
        model = model.learned()
    total = sum(case.mask is not None for case in cases)
    scores: list[CaseScore] = []
    seen: Counter[str] = Counter()
    for lesion in true_lesions(cases, strict=False):
        seen[lesion.name] += 1
        found = Volume.zeros(lesion.image.geometry).paste(_answer(model, lesion).mask).array > 0
        value = dice(found, lesion.truth.array > 0)
        scores.append(CaseScore(f"{lesion.name}, lesion {seen[lesion.name]}", lesion.patient, value))
        report(Progress(min(len(scores), total), total, f"{lesion.name}: Dice {value:.3f}"))
    return tuple(scores)


def score(model: Model, lesion: TrueLesion) -> LesionScore:
    """One lesion, clicked and sized as the case says."""
    result = _answer(model, lesion)
    geometry = lesion.image.geometry
    found = Volume.zeros(geometry).paste(result.mask).array > 0
    truth = lesion.truth.array > 0
    alone = _answer(model.learned(), lesion) if isinstance(model, ShapeModel) else result
    true = measure(lesion.truth)
    return LesionScore(
        image=lesion.name,
        patient=lesion.patient,
        dice=dice(found, truth),
        hd95_mm=hausdorff95_mm(found, truth, geometry.affine[:3, :3]),
        diameter_error=result.diameter_mm / true.diameter_mm - 1,
        volume_error=result.volume_mm3 / true.volume_mm3 - 1,
        certainty=result.certainty,
        network_dice=dice(Volume.zeros(geometry).paste(alone.mask).array > 0, truth),
    )


def _answer(model: Model, lesion: TrueLesion) -> ShapeResult:
    result = model.predict(lesion.image, ShapeRequest(point_mm=lesion.point_mm, size_mm=lesion.size_mm))
    if not isinstance(result, ShapeResult):
        raise InputError("the model is not one of a shape task", got=type(result).__name__)
    return result


def summarise(scores: Sequence[LesionScore]) -> Json:
    """The figures that are reported; the Hausdorff distance is that of the ``hd95_lesions`` with a mask, None without any."""
    values = np.array([row.dice for row in scores])
    interval = mean_interval(values, np.random.default_rng(_SEED), [row.patient for row in scores])
    distances = [row.hd95_mm for row in scores if row.hd95_mm is not None]
    bins = reliability(np.array([row.certainty for row in scores]), values, _BINS)
    return {
        "lesions": len(scores),
        "patients": len({row.patient for row in scores}),
        "dice_mean": interval.mean,
        "dice_interval_95": [interval.low, interval.high],
        "dice_sd": float(values.std()),
        "network_dice_mean": float(np.mean([row.network_dice for row in scores])),
        "hd95_median_mm": float(np.median(distances)) if distances else None,
        "hd95_lesions": len(distances),
        "diameter_error_median": float(np.median([abs(row.diameter_error) for row in scores])),
        "volume_error_median": float(np.median([abs(row.volume_error) for row in scores])),
        "reliability": [asdict(b) for b in bins],
        "calibration_error": expected_error(bins),
    }

"""Whether a task's heat maps can be believed: their checks over the marked cases of a datastore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.explanation import explain
from lesionlab.kinds.kind import Method, Model
from lesionlab.metrics.confusion import share_interval
from lesionlab.progress import Progress, Report, silent
from lesionlab.store.cases import Case, read_cases
from lesionlab.task import Task


@dataclass(frozen=True)
class CaseSaliency:
    """The checks of one marked lesion's map.

    Attributes:
        image: its name.
        positive: whether the model finds the lesion: the explained number is at or above its threshold.
        hit: whether the map's maximum lies in the reader's marks.
        share: of the map, what lies in the marks.
        area: of the explained part of the image, what the marks cover.
        randomised: rank correlation with the map of the network with random weights.
        deletion, insertion: areas under the curves.
        completeness: of Deep SHAP, the missing share of the sum; None for other methods.
    """

    image: str
    positive: bool
    hit: bool
    share: float
    area: float
    randomised: float
    deletion: float
    insertion: float
    completeness: float | None


def saliency(
    task: Task, model: Model, data: Path, method: Method, seed: int, most: int | None = None, report: Report = silent
) -> tuple[CaseSaliency, ...]:
    """Explain and check every marked case that shows what the task looks for, at most ``most``.

    Raises:
        InputError: no case has a point with a size, or a mask that is not empty.
    """
    rng = np.random.default_rng(seed)
    kind = kind_of(task)
    shown = (case for case in read_cases(data) if kind.shows(task, case) and _is_marked(case))
    cases = list(islice(shown, most))
    if not cases:
        raise InputError("no case is marked", got=str(data), expected="points with sizes or masks in cases.csv")
    found = []
    for done, case in enumerate(cases):
        report(Progress(done, len(cases), case.image.name))
        found.append(_one(task, model, case, method, rng))
    return tuple(found)


def summary(rows: Sequence[CaseSaliency]) -> dict[str, Any]:
    """What a model card says."""
    positives = [row for row in rows if row.positive]
    hits = sum(row.hit for row in positives)
    randomised = np.array([row.randomised for row in rows])
    complete = [row.completeness for row in rows if row.completeness is not None]
    return {
        "cases": len(rows),
        "correct_positives": len(positives),
        "maximum_in_marks": round(hits / len(positives), 4) if positives else None,
        "maximum_in_marks_interval": _interval(hits, len(positives)) if positives else None,
        "share_in_marks": _median([row.share for row in positives]),
        "area_of_marks": _median([row.area for row in positives]),
        "randomised_rank_correlation": {
            "mean": round(float(randomised.mean()), 4),
            "largest": round(float(randomised.max()), 4),
        },
        "deletion_area": _median([row.deletion for row in positives]),
        "insertion_area": _median([row.insertion for row in positives]),
        **({"completeness_error": max(complete)} if complete else {}),
        "table": [asdict(row) for row in rows],
    }


def _is_marked(case: Case) -> bool:
    if case.point_mm is not None and case.size_mm is not None:
        return True
    return case.mask is not None and bool((read_volume(case.mask).array > 0).any())


def _one(task: Task, model: Model, case: Case, method: Method, rng: np.random.Generator) -> CaseSaliency:
    kind = kind_of(task)
    volume = read_volume(case.image)
    given: dict[str, Any] = {"point_mm": list(case.point_mm or ()), "size_mm": case.size_mm}
    params = {name: value for name, value in given.items() if name in kind.explain_type.model_fields and value}
    request = kind.explain_request(task, params, volume.geometry)
    found = explain(model, volume, request, method, rng, checked=True)
    facts, agrees = found.facts, found.agreement(_marks(case, volume.geometry))
    checks = facts["checks"]
    return CaseSaliency(
        image=case.image.name,
        positive=facts["number"] >= facts["threshold"],
        hit=agrees["maximum_in_marks"],
        share=agrees["share_in_marks"],
        area=agrees["area_of_marks"],
        randomised=checks["randomised_rank_correlation"],
        deletion=checks["deletion_area"],
        insertion=checks["insertion_area"],
        completeness=checks.get("completeness_error"),
    )


def _marks(case: Case, geometry: Geometry) -> Volume:
    """The lesion's part of the reader's mask; where there is none, the ball of its size; without a point the whole mask."""
    mask = None if case.mask is None else read_volume(case.mask)
    if mask is not None and case.point_mm is None:
        return Volume((mask.array > 0).astype(np.uint8), geometry)
    assert case.point_mm is not None
    index = geometry.ras_to_index(case.point_mm)
    offsets = [(np.arange(n) - at) for n, at in zip(geometry.shape, index, strict=True)]
    axes = geometry.affine[:3, :3]
    square = np.zeros(geometry.shape, dtype=np.float32)
    for world in range(3):
        i, j, k = (axes[world, axis] * offsets[axis] for axis in range(3))
        square += (i[:, None, None] + j[None, :, None] + k[None, None, :]).astype(np.float32) ** 2
    # Other lesions of the same image do not count: what lies farther than a whole size from the point.
    reach = np.inf if case.size_mm is None else case.size_mm if mask is not None else case.size_mm / 2
    inside = square <= reach**2
    return Volume((inside if mask is None else inside & (mask.array > 0)).astype(np.uint8), geometry)


def _interval(hits: int, cases: int) -> list[float]:
    """95 %."""
    found = share_interval(hits, cases)
    return [round(found.low, 4), round(found.high, 4)]


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None

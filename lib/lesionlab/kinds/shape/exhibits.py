"""What the scores of a ``shape`` model show: the distribution of Dice, certainty against truth, every lesion; two models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.kinds.exhibits import Compared, Curve, Exhibit, Measured, Plot, Table
from lesionlab.kinds.kind import Json
from lesionlab.metrics.bootstrap import mean_interval

_SEED = 0
_BINS = 20


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Bin(_Read):
    count: int
    predicted: float
    observed: float


class _Summary(_Read):
    dice_mean: float
    dice_interval_95: tuple[float, float]
    dice_sd: float
    hd95_median_mm: float | None
    hd95_lesions: int
    diameter_error_median: float
    volume_error_median: float
    calibration_error: float
    reliability: tuple[_Bin, ...]


class _Lesion(_Read):
    image: str
    patient: str
    dice: float
    hd95_mm: float | None
    diameter_error: float
    volume_error: float
    certainty: float


class ShapeScores(_Read):
    """What ``evaluate`` wrote."""

    summary: _Summary
    lesions: tuple[_Lesion, ...]


_MEANS: tuple[tuple[str, Callable[[_Lesion], float | None]], ...] = (
    ("mean Dice", lambda one: one.dice),
    ("mean 95 % Hausdorff distance, mm", lambda one: one.hd95_mm),
    ("mean error of the diameter", lambda one: abs(one.diameter_error)),
    ("mean error of the volume", lambda one: abs(one.volume_error)),
)


def headline(scores: Json) -> Measured:
    """The mean Dice over lesions."""
    found = checked(ShapeScores, scores, "scores").summary
    return Measured("mean Dice", found.dice_mean, *found.dice_interval_95)


def exhibits(scores: Json) -> tuple[Exhibit, ...]:
    """Plots and tables for people."""
    found = checked(ShapeScores, scores, "scores")
    return (_distribution(found), _figures(found), _certainty(found.summary), _lesions(found))


def differences(ours: Json, theirs: Json) -> tuple[Compared, ...]:
    """Mean Dice and mean errors, with paired bootstrap intervals over patients.

    A lesion of which one model gave an empty mask has no distance, and counts for neither mean of it.

    Raises:
        InputError: the two were not scored on the same lesions.
    """
    first, second = (checked(ShapeScores, scores, "scores").lesions for scores in (ours, theirs))
    if [(a.image, a.patient) for a in first] != [(b.image, b.patient) for b in second]:
        raise InputError("the two models were not scored on the same lesions")
    pairs = list(zip(first, second, strict=True))
    rows = (_compared(name, figure, pairs) for name, figure in _MEANS)
    return tuple(row for row in rows if row is not None)


def _compared(
    name: str, figure: Callable[[_Lesion], float | None], pairs: Sequence[tuple[_Lesion, _Lesion]]
) -> Compared | None:
    """A mean over the lesions that have the figure with both models; None when none has."""
    both = [(x, y, a.patient) for a, b in pairs if (x := figure(a)) is not None and (y := figure(b)) is not None]
    if not both:
        return None
    ours, theirs = np.array([x for x, _, _ in both]), np.array([y for _, y, _ in both])
    gap = mean_interval(ours - theirs, np.random.default_rng(_SEED), [patient for _, _, patient in both])
    return Compared(name + _counted(len(both), len(pairs)), float(ours.mean()), float(theirs.mean()), gap.low, gap.high)


def _counted(some: int, every: int) -> str:
    """How many lesions a figure speaks of, where it is not of all."""
    return "" if some == every else f" (of {some} of {every} lesions)"


def _distribution(found: ShapeScores) -> Plot:
    counts, edges = np.histogram([lesion.dice for lesion in found.lesions], bins=_BINS, range=(0, 1))
    middles = (edges[1:] + edges[:-1]) / 2
    return Plot(
        "Dice of the lesions",
        f"How many of {len(found.lesions)} lesions were outlined how well; 1 is the reader's own outline. "
        f"The mean is {found.summary.dice_mean:.3f}, the standard deviation {found.summary.dice_sd:.3f}.",
        "Dice",
        "lesions",
        (Curve("lesions", tuple(middles.tolist()), tuple(float(n) for n in counts), "bars"),),
        x_range=(0.0, 1.0),
    )


def _figures(scores: ShapeScores) -> Table:
    found = scores.summary
    measured = _counted(found.hd95_lesions, len(scores.lesions))
    rows = (
        ("mean Dice", found.dice_mean, *found.dice_interval_95),
        (f"median 95 % Hausdorff distance, mm{measured}", found.hd95_median_mm, None, None),
        ("median error of the diameter, share", found.diameter_error_median, None, None),
        ("median error of the volume, share", found.volume_error_median, None, None),
        ("expected error of the certainty", found.calibration_error, None, None),
    )
    return Table("Figures", ("figure", "value", "95 % from", "to"), rows)


def _certainty(found: _Summary) -> Plot:
    bins = found.reliability
    points = tuple(b.predicted for b in bins), tuple(b.observed for b in bins)
    return Plot(
        "Does the certainty hold?",
        "The certainty is the Dice to expect. Lesions with about the same certainty are one mark; on the dotted line it holds.",
        "certainty, mean of the group",
        "Dice, mean of the group",
        (Curve("groups", *points, "points"),),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _lesions(found: ShapeScores) -> Table:
    columns = (
        "image",
        "Dice",
        "certainty",
        "95 % Hausdorff distance, mm",
        "error of the diameter",
        "error of the volume",
    )
    rows = tuple(
        (one.image, one.dice, one.certainty, one.hd95_mm, one.diameter_error, one.volume_error)
        for one in sorted(found.lesions, key=lambda one: one.dice)
    )
    return Table("Every lesion", columns, rows, "The worst first.", folded=True)

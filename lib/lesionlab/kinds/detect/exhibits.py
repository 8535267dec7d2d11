"""What the scores of a ``detect`` model show: the FROC curve, sensitivity by size, every image; and two models compared."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.exhibits import Compared, Curve, Exhibit, Measured, Plot, Table
from lesionlab.kinds.kind import Json
from lesionlab.metrics.bootstrap import resamples
from lesionlab.metrics.confusion import share_interval
from lesionlab.metrics.froc import RATES, ImageMarks, operating_point, sensitivities

_SEED, _DRAWS = 0, 1000


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Rate(_Read):
    false_positives: float
    sensitivity: float
    interval_95: tuple[float, float]


class _Size(_Read):
    from_mm: float
    to_mm: float | None
    lesions: int
    sensitivity: float


class _Class(_Read):
    name: str = Field(alias="class")
    lesions: int
    cpm: float
    cpm_interval_95: tuple[float, float]
    sensitivity: tuple[_Rate, ...]


class _Image(_Read):
    image: str
    patient: str
    found: tuple[float | None, ...]
    false: tuple[float, ...]

    @property
    def marks(self) -> ImageMarks:
        found = [-np.inf if level is None else level for level in self.found]
        return ImageMarks(np.array(found, dtype=np.float64), np.array(self.false, dtype=np.float64))


class DetectScores(_Read):
    """What ``evaluate`` wrote."""

    images: int
    lesions: int
    cpm: float
    cpm_interval_95: tuple[float, float]
    sensitivity: tuple[_Rate, ...]
    by_size: tuple[_Size, ...]
    by_class: tuple[_Class, ...] = ()
    curve: tuple[tuple[float, float, float], ...]
    cases: tuple[_Image, ...]


def headline(scores: Json) -> Measured:
    """The mean sensitivity at 1/8 to 8 false positives for each image."""
    found = checked(DetectScores, scores, "scores")
    return Measured("mean sensitivity at 1/8 to 8 false positives (CPM)", found.cpm, *found.cpm_interval_95)


def exhibits(task: DetectTask, scores: Json) -> tuple[Exhibit, ...]:
    """Plots and tables for people."""
    found = checked(DetectScores, scores, "scores")
    marks = [image.marks for image in found.cases]
    level = operating_point(marks, task.false_positives).confidence
    classes = (_classes(found),) if found.by_class else ()
    return (_froc(found), _rates(found), *classes, _sizes(task, found), _images(found, marks, level))


def differences(ours: Json, theirs: Json) -> tuple[Compared, ...]:
    """CPM and the sensitivities, with paired bootstrap intervals over patients.

    Raises:
        InputError: the two were not scored on the same images.
    """
    first, second = checked(DetectScores, ours, "scores"), checked(DetectScores, theirs, "scores")
    if [(i.image, len(i.found)) for i in first.cases] != [(i.image, len(i.found)) for i in second.cases]:
        raise InputError("the two models were not scored on the same images")
    sides = [[image.marks for image in scored.cases] for scored in (first, second)]
    patients = [image.patient for image in first.cases]
    rows = []
    for chosen in resamples(patients, np.random.default_rng(_SEED), _DRAWS):
        a, b = (np.array(sensitivities([side[i] for i in chosen], RATES)) for side in sides)
        rows.append([(a - b).mean(), *(a - b)])
    low, high = np.quantile(np.array(rows), [0.025, 0.975], axis=0)
    names = ["CPM", *(f"sensitivity at {_rate(rate)} false positives per image" for rate in RATES)]
    values = [(first.cpm, second.cpm)]
    values += [(a.sensitivity, b.sensitivity) for a, b in zip(first.sensitivity, second.sensitivity, strict=True)]
    return tuple(
        Compared(name, a, b, float(low[n]), float(high[n]))
        for n, (name, (a, b)) in enumerate(zip(names, values, strict=True))
    )


def _rate(rate: float) -> str:
    return f"{rate:g}" if rate >= 1 else f"1/{1 / rate:g}"


def _froc(found: DetectScores) -> Plot:
    shown = [point for point in found.curve if point[0] > 0]
    at = tuple(rate.false_positives for rate in found.sensitivity)
    return Plot(
        "Lesions found against false marks (FROC)",
        f"The share of {found.lesions} lesions in {found.images} images that is found when each image may get so many false "
        "marks. Bars are 95 % intervals, by drawing patients anew with all their images.",
        "false positives per image",
        "sensitivity",
        (
            Curve("all confidences", tuple(p[0] for p in shown), tuple(p[1] for p in shown), "steps"),
            Curve(
                "1/8 to 8 false positives",
                at,
                tuple(rate.sensitivity for rate in found.sensitivity),
                "points",
                tuple(rate.interval_95[0] for rate in found.sensitivity),
                tuple(rate.interval_95[1] for rate in found.sensitivity),
            ),
        ),
        x_scale="log2",
        x_range=(0.1, 10.0),
        y_range=(0.0, 1.02),
    )


def _rates(found: DetectScores) -> Table:
    rows = tuple((_rate(r.false_positives), r.sensitivity, *r.interval_95) for r in found.sensitivity)
    mean = ("mean (CPM)", found.cpm, *found.cpm_interval_95)
    columns = ("false positives per image", "sensitivity", "95 % from", "to")
    return Table("Sensitivity at fixed rates of false positives", columns, (*rows, mean))


def _classes(found: DetectScores) -> Table:
    rates = tuple(rate.false_positives for rate in found.sensitivity)
    columns = ("class", "lesions", "CPM", "95 % from", "to", *(f"at {_rate(rate)}" for rate in rates))
    rows: list[tuple[str | float | None, ...]] = []
    for each in found.by_class:
        values = (each.cpm, *each.cpm_interval_95, *(r.sensitivity for r in each.sensitivity))
        rows.append((each.name, each.lesions, *values))
    return Table("By class", columns, tuple(rows), "Sensitivity at false positives of the same class for each image.")


def _sizes(task: DetectTask, found: DetectScores) -> Table:
    rows = []
    for size in found.by_size:
        name = f"{size.from_mm:g} mm and more" if size.to_mm is None else f"{size.from_mm:g} to {size.to_mm:g} mm"
        interval = share_interval(round(size.sensitivity * size.lesions), size.lesions)
        rows.append((name, size.lesions, size.sensitivity, interval.low, interval.high))
    return Table(
        "By size",
        ("longest diameter", "lesions", "sensitivity", "95 % from", "to"),
        tuple(rows),
        f"At {task.false_positives:g} false positives per image.",
    )


def _images(found: DetectScores, marks: list[ImageMarks], level: float) -> Table:
    rows = tuple(
        (image.image, len(m.found), int((m.found >= level).sum()), int((m.false >= level).sum()))
        for image, m in zip(found.cases, marks, strict=True)
    )
    return Table(
        "Every image",
        ("image", "lesions", "found", "false marks"),
        rows,
        f"Marks of at least {level:.3f} confidence.",
        folded=True,
    )

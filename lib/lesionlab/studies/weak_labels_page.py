"""The report of a study of weak labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Plot, Table
from lesionlab.kinds.kind import Json
from lesionlab.studies.report import Page, shown
from lesionlab.studies.weak_labels import TimeSettings, Trained, WeakSettings
from lesionlab.studies.weak_labels_curves import Estimate, LabelCurve, Study
from lesionlab.task import Task


def figures(task: Task, settings: WeakSettings, trained: Sequence[Trained], study: Study) -> Json:
    """All figures of a study, for programs; null where more cases are needed than were tried."""
    return {
        "task": task.name,
        "settings": settings.model_dump(mode="json"),
        "reference_cases": study.reference,
        "reference_cpm": study.performance,
        "labels": [_figures(curve) for curve in study.curves],
        "models": [row.model_dump(mode="json") for row in trained],
    }


def page(task: Task, settings: WeakSettings, study: Study) -> Page:
    """What people read of a study."""
    facts: tuple[tuple[str, Cell], ...] = (
        ("task", f"{task.title} ({task.name})"),
        ("training cases", ", ".join(str(count) for count in settings.counts)),
        ("test cases", settings.test),
        ("seeds", settings.seeds),
    )
    exhibits: tuple[Exhibit, ...] = (_plot(study), _needed(study), _scores(study))
    title = f"{task.title}: painted against weak labels"
    return Page(title, tuple(_lead(study, curve) for curve in study.curves), facts, exhibits, _notes(settings))


def _lead(study: Study, curve: LabelCurve) -> str:
    if curve.label == "painted":
        seconds = f"{curve.seconds:.0f} s of a reader's time each"
        return f"{study.reference} painted cases reach a CPM of {study.performance:.3f}; {seconds}."
    what = f"{_cases(curve.needed)} ({curve.seconds:.0f} s each)"
    return f"With {curve.label} labels the same takes {what}."


def _plot(study: Study) -> Plot:
    curves = tuple(
        Curve(
            curve.label,
            tuple(float(count) for count in curve.counts),
            tuple(e.value for e in curve.cpm),
            low=tuple(e.low for e in curve.cpm),
            high=tuple(e.high for e in curve.cpm),
        )
        for curve in study.curves
    )
    text = (
        "Mean sensitivity at 1/8 to 8 false positives an image (CPM) against the number of training cases; bars: 95 %."
    )
    return Plot("Learning curves", text, "training cases", "CPM", curves, x_scale="log2")


def _needed(study: Study) -> Table:
    rows = tuple((curve.label, _cases(curve.needed), curve.seconds, _words(curve.hours, "h")) for curve in study.curves)
    text = f"For the CPM of {study.performance:.3f} that painted labels reach with {study.reference} cases."
    return Table(
        "For the same performance", ("labels", "cases (95 %)", "seconds a case", "a reader's hours (95 %)"), rows, text
    )


def _scores(study: Study) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for curve in study.curves:
        for n, count in enumerate(curve.counts):
            short = None if curve.short is None else _words(curve.short[n])
            rows.append((curve.label, count, _words(curve.cpm[n]), short))
    return Table("Scores", ("labels", "cases", "CPM (95 %)", "minus painted (95 %)"), tuple(rows))


def _notes(settings: WeakSettings) -> tuple[str, ...]:
    return (
        "Simulated images and simulated readers. A painted label is the truth of the phantom; a sphere's centre is off by "
        f"{settings.away:g} of the diameter (standard deviation along each axis), its diameter by a factor of "
        f"exp(+-{settings.factor:g}); a dose is a plan of the same lesions, read at its isodose.",
        "Every model starts from random weights and takes the same steps, whatever the number of its cases.",
        "Intervals: 95 %, by drawing seeds anew, the same ones for all kinds of labels. Each seed has another order of the cases; "
        "the test cases are the same in all.",
        "Cases needed are interpolated between the numbers tried, in their logarithm.",
        _assumed(settings.time),
    )


def _assumed(times: TimeSettings) -> str:
    return (
        f"Time is modelled, not measured: {times.case:g} s to open a case, {times.search:g} s to find a lesion, {times.click:g} s "
        f"a click (a sphere takes two), {times.slice:g} s for each slice of a lesion and {times.voxel:g} s for each voxel that is "
        f"painted, {times.dose:g} s to fetch a dose, in which its lesions need not be searched."
    )


def _figures(curve: LabelCurve) -> Json:
    return {
        "label": curve.label,
        "cases": list(curve.counts),
        "cpm": [_numbers(one) for one in curve.cpm],
        "minus_painted": None if curve.short is None else [_numbers(one) for one in curve.short],
        "cases_needed": _numbers(curve.needed),
        "seconds_a_case": curve.seconds,
        "hours_needed": _numbers(curve.hours),
    }


def _numbers(one: Estimate) -> Json:
    named = {"value": one.value, "low": one.low, "high": one.high}
    return {name: value if math.isfinite(value) else None for name, value in named.items()}


def _cases(one: Estimate) -> str:
    """``19 cases (11 to 30)``."""
    if not math.isfinite(one.value):
        return "more cases than were tried"
    high = f"{one.high:.0f}" if math.isfinite(one.high) else "more than tried"
    return f"{one.value:.0f} cases ({one.low:.0f} to {high})"


def _words(one: Estimate, unit: str = "") -> str:
    if not math.isfinite(one.value):
        return "–"
    return f"{shown(one.value)} ({shown(one.low)} to {shown(one.high)}) {unit}".strip()

"""The report of a study of active learning: a page, a picture, and its figures as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Plot, Table
from lesionlab.kinds.kind import Json
from lesionlab.store.cases import read_cases
from lesionlab.studies.active import ActiveSettings, Point, strata
from lesionlab.studies.active_curves import LearningCurve, Weighing, best, curves
from lesionlab.studies.report import Page, words
from lesionlab.studies.simulating import POOL
from lesionlab.task import Task

#: Of the pool's labels, with which a strategy should reach what random choice reaches with all of them.
_GOAL = 0.6
_NOTES = (
    "Simulated cases and simulated readers: a label is the truth of the phantom.",
    "Intervals: 95 %, Student's t over the simulations, each with another pool, other first labels and another order of training; "
    "the test cases are the same in all of them.",
    "Every version starts from the same weights and takes the same number of steps; with the whole pool labelled all strategies "
    "have the same version, which is also that of random choice.",
)


def weighings(out: Path) -> dict[str, Weighing]:
    """How a study's test cases count: as frequent as in the pool, and every kind alike."""
    pool = {case.image.name: case.label for case in read_cases(out / POOL)}
    test = strata(out)
    return {"as in the pool": Weighing(test, pool), "every kind alike": Weighing(test, pool, even=True)}


def figures(points: Sequence[Point], settings: ActiveSettings, task: Task, out: Path) -> Json:
    """All figures of a study, for programs."""
    found = {name: curves(points, weighing) for name, weighing in weighings(out).items()}
    limit = _limit(settings)
    return {
        "task": task.name,
        "settings": settings.model_dump(mode="json"),
        "goal_labels": limit,
        "curves": {
            name: {
                "best": best(some, limit).strategy,
                "strategies": [{**asdict(curve), "needed": curve.needed} for curve in some],
            }
            for name, some in found.items()
        },
        "points": [point.model_dump(mode="json") for point in points],
    }


def page(points: Sequence[Point], settings: ActiveSettings, task: Task, metric: str, out: Path) -> Page:
    """What people read of a study."""
    found = {name: curves(points, weighing) for name, weighing in weighings(out).items()}
    limit = _limit(settings)
    facts: tuple[tuple[str, Cell], ...] = (
        ("task", f"{task.title} ({task.name})"),
        ("cohort", settings.cohort or "the task's own phantom"),
        ("pool", settings.labels[-1]),
        ("test cases", settings.test),
        ("simulations", settings.seeds),
        ("settings that differ from the task's", str(settings.task) if settings.task else "none"),
    )
    exhibits: list[Exhibit] = []
    for name, some in found.items():
        exhibits += [plot(some, metric, f"Learning curves, test cases weighted {name}"), _table(some, name)]
    usual = next(iter(found.values()))
    exhibits += [_kinds(usual, metric), _chosen(usual)]
    lead = tuple(_verdict(some, name, limit, settings.labels[-1]) for name, some in found.items())
    return Page(f"{task.title}: which cases to label first", lead, facts, tuple(exhibits), _NOTES)


def plot(found: Sequence[LearningCurve], metric: str, title: str) -> Plot:
    """The curves of all strategies."""
    drawn = []
    for number, curve in enumerate(found):
        # A little apart, so that intervals do not hide each other.
        x = tuple(step.labels + 0.25 * (number - (len(found) - 1) / 2) for step in curve.steps)
        y = tuple(step.score.value for step in curve.steps)
        low = tuple(step.score.low or 0.0 for step in curve.steps)
        high = tuple(step.score.high or 0.0 for step in curve.steps)
        drawn.append(Curve(curve.strategy, x, y, low=low, high=high))
    text = (
        f"Mean {metric} of the test cases over the number of labelled cases, with 95 % intervals over the simulations."
    )
    return Plot(title, text, "labelled cases", metric, tuple(drawn))


def write_picture(figure: Plot, path: Path) -> None:
    """The plot as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(7.0, 4.6), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.add_subplot()
    for curve in figure.curves:
        below = [y - low for y, low in zip(curve.y, curve.low, strict=True)]
        above = [high - y for y, high in zip(curve.y, curve.high, strict=True)]
        axes.errorbar(curve.x, curve.y, yerr=(below, above), marker="o", markersize=4, capsize=3, label=curve.name)
    axes.set(xlabel=figure.x_label, ylabel=figure.y_label, title=figure.title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    picture.savefig(path, dpi=110)


def _limit(settings: ActiveSettings) -> int:
    return int(_GOAL * settings.labels[-1] + 1e-9)


def _verdict(found: Sequence[LearningCurve], name: str, limit: int, pool: int) -> str:
    first = best(found, limit)
    step = max((step for step in first.steps if step.labels <= limit), key=lambda step: step.short.value)
    random = next((curve for curve in found if curve.strategy == "random"), None)
    reached = "reaches" if step.short.value >= 0 else "does not reach"
    said = (
        f"Weighted {name}, the best strategy with at most {limit} of {pool} labels is {first.strategy}: with {step.labels} it "
        f"{reached} the score of the whole pool (difference {words(step.short)})."
    )
    return said if random is None else f"{said} Random choice takes {random.needed} labels for that."


def _table(found: Sequence[LearningCurve], name: str) -> Table:
    columns = ("labels", *(curve.strategy for curve in found), "best gain over random choice")
    rows: list[tuple[Cell, ...]] = []
    for number, step in enumerate(found[0].steps):
        gains = [(curve.strategy, curve.steps[number].gain) for curve in found]
        gain = max(((who, what) for who, what in gains if what is not None), key=lambda one: one[1].value, default=None)
        told = None if gain is None else f"{gain[0]} {words(gain[1])}"
        rows.append((step.labels, *(words(curve.steps[number].score) for curve in found), told))
    needed: tuple[Cell, ...] = ("labels needed", *(curve.needed for curve in found), None)
    text = (
        "Means with 95 % intervals; the last row: the fewest labels with which the mean reaches that of the whole pool."
    )
    return Table(f"Scores, weighted {name}", columns, (*rows, needed), text)


def _kinds(found: Sequence[LearningCurve], metric: str) -> Table:
    names = tuple(found[0].steps[0].strata)
    rows = [(curve.strategy, step.labels, *step.strata.values()) for curve in found for step in curve.steps]
    return Table(f"{metric} by kind of lesion", ("strategy", "labels", *names), tuple(rows), folded=True)


def _chosen(found: Sequence[LearningCurve]) -> Table:
    names = tuple(found[0].steps[0].chosen)
    rows = [(curve.strategy, step.labels, *step.chosen.values()) for curve in found for step in curve.steps]
    return Table(
        "Share of each kind among the labelled cases", ("strategy", "labels", *names), tuple(rows), folded=True
    )

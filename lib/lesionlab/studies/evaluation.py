"""``lesionlab evaluate``: one model on a datastore, or two models in pairs, as JSON and as a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from lesionlab.kinds import kind_of
from lesionlab.kinds.exhibits import Compared, Exhibit
from lesionlab.kinds.kind import Json
from lesionlab.progress import Report
from lesionlab.studies.report import Page, comparison_table, words
from lesionlab.task import Task

_PAIRED = "The same cases for both; differences by drawing patients anew. An interval that holds 0 decides nothing."
_NOTES = (
    "Intervals say how far the figure may be off by the chance of which patients were there; they know nothing of other "
    "hospitals, scanners and readers.",
    "Figures from simulated images say nothing about patients.",
)


@dataclass(frozen=True)
class Scored:
    """A model's scores.

    Attributes:
        name: what people call the model.
        scores: as its kind gave them.
    """

    name: str
    scores: Json


@dataclass(frozen=True)
class Evaluation:
    """One model, or two on the same cases.

    Attributes:
        task: what they answer.
        data: the datastore.
        ours: the model.
        theirs: the one it is compared with, or None.
        compared: their figures in pairs.
    """

    task: Task
    data: Path
    ours: Scored
    theirs: Scored | None = None
    compared: tuple[Compared, ...] = ()

    def json(self) -> Json:
        """The scores; of two models both, and their differences."""
        if self.theirs is None:
            return self.ours.scores
        rows = [{**asdict(one), "difference": one.difference} for one in self.compared]
        return {"model": self.ours.scores, "against": self.theirs.scores, "differences": rows}

    def page(self) -> Page:
        """What people read of it."""
        kind = kind_of(self.task)
        headline = kind.headline(self.task, self.ours.scores)
        lead = [f"{headline.name[:1].upper()}{headline.name[1:]}: {words(headline)}."]
        exhibits: list[Exhibit] = list(kind.exhibits(self.task, self.ours.scores))
        facts = [
            ("task", f"{self.task.title} ({self.task.name})"),
            ("data", self.data.name),
            ("model", _named(self.ours)),
        ]
        if self.theirs is not None:
            names = (self.ours.name, self.theirs.name)
            lead.append(_verdict(self.compared[0], *names))
            exhibits.insert(0, comparison_table("Two models on the same cases", names, self.compared, _PAIRED))
            facts.append(("against", _named(self.theirs)))
        return Page(f"{self.task.title}: how good is the model?", tuple(lead), tuple(facts), tuple(exhibits), _NOTES)


def evaluate(
    task: Task, data: Path, ours: tuple[str, Path | None], theirs: tuple[str, Path | None] | None, report: Report
) -> Evaluation:
    """Score one model or two.

    Args:
        task: what they answer.
        data: a datastore with truth.
        ours: the model's name, and its folder (None: the shipped weights).
        theirs: the same of the one to compare with, if any.
        report: hears of the progress.

    Raises:
        InputError: the data or a model do not fit the task, or its kind cannot compare.
    """
    kind = kind_of(task)

    def scored(name: str, folder: Path | None) -> Scored:
        return Scored(name, kind.evaluate(task, kind.load(task, folder), data, report))

    first = scored(*ours)
    if theirs is None:
        return Evaluation(task, data, first)
    second = scored(*theirs)
    return Evaluation(task, data, first, second, kind.differences(task, first.scores, second.scores))


def _named(scored: Scored) -> str:
    return f"{scored.name}, version {scored.scores.get('task_model', 'unknown')}"


def _verdict(one: Compared, ours: str, theirs: str) -> str:
    interval = f"{one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
    gap = f"{one.name} {one.ours:.3f} against {one.theirs:.3f}, difference {interval}"
    if one.low > 0:
        return f"{ours} is better than {theirs}: {gap}."
    if one.high < 0:
        return f"{ours} is worse than {theirs}: {gap}."
    return f"{ours} and {theirs} cannot be told apart on these cases: {gap}."

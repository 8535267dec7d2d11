"""The part of a readers' report that holds readers with the model against the same readers without it."""

from __future__ import annotations

from dataclasses import dataclass

from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Plot, Table
from lesionlab.metrics.confusion import Confusion, share_interval
from lesionlab.studies.aided import AidedStudy, Changed, Following
from lesionlab.studies.readers_tables import (
    area_cells,
    interval_words,
    rates,
    reclassification_table,
    together_rows,
    verdict,
)
from lesionlab.studies.report import p_words


@dataclass(frozen=True)
class Part:
    """What it adds to the page; see :class:`lesionlab.studies.report.Page`."""

    lead: tuple[str, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    notes: tuple[str, ...] = ()


#: Of a study in which nobody read with the model.
NOTHING = Part()


def part(study: AidedStudy, version: str) -> Part:
    """What people read of readers with the model ``version``."""
    notes = (
        "With and without the model: on the images that a reader read both ways; differences are with the model less "
        "without it. One reader: DeLong's test. All of them: Obuchowski and Rockette's analysis of the two ways of reading.",
        "What lies between the two readings of an image (time to forget it, which came first, other help) is the study's "
        "design. It is not known here and not corrected for: if the readings with the model all came second, practice "
        "counts as the model's help.",
        f"The model's answers are those of {version}, asked now. Helped and misled are true only if the readers saw the same.",
    )
    return Part(_lead(study), _facts(study), _exhibits(study) if study.readers else (), notes)


def _lead(study: AidedStudy) -> tuple[str, ...]:
    if not study.readers:
        return ("Nobody read images of both classes both with the model and without it.",)
    if study.together is not None:
        both = study.together
        said = verdict(both.of_all, "readers are better with the model", "readers are worse with the model")
        return (
            f"With the model the mean area of {len(study.readers)} readers is {both.first:.3f}, without it "
            f"{both.second:.3f}, on the {study.common} images that all of them read both ways: {said}",
        )
    if len(study.readers) > 1:
        return ("Too few images were read both ways by all readers to say whether readers are better with the model.",)
    one = study.readers[0]
    areas = (
        f"With the model the area of reader {one.reader} is {interval_words(one.aided_auc)}, without it "
        f"{interval_words(one.unaided_auc)}"
    )
    if one.auc is None:
        return (f"{areas}.",)
    return (f"{areas}: {verdict(one.auc, 'the reader is better with it', 'the reader is worse with it')}",)


def _facts(study: AidedStudy) -> tuple[tuple[str, Cell], ...]:
    facts: tuple[tuple[str, Cell], ...] = (
        ("readers compared with and without the model", len(study.readers)),
        ("images that all of these read both ways", study.common),
    )
    for one in study.left_out:
        counts = f"read both ways: {one.diseased} diseased, {one.healthy} healthy"
        facts += ((f"reader {one.reader} with the model, not compared", counts),)
    return facts


def _exhibits(study: AidedStudy) -> tuple[Exhibit, ...]:
    indices = [
        (f"reader {one.reader}, {name}", index)
        for one in study.readers
        for name, index in (("called or not", one.categories), ("scores", one.scores))
    ]
    text = (
        "Called or not: among the diseased this is the change of sensitivity, among the healthy of specificity. Scores: "
        "every move of a score counts, however small."
    )
    title = "With the model: net reclassification, from without to with"
    together = () if study.together is None else (_together(study),)
    return (
        _moves(study),
        _areas(study),
        *together,
        _points(study),
        reclassification_table(title, "of", indices, text),
        _followed(study),
    )


def _moves(study: AidedStudy) -> Plot:
    ways = [(_place(one.unaided), _place(one.aided)) for one in study.readers]
    lines = [
        Curve(f"reader {one.reader}", (start[0], end[0]), (start[1], end[1]))
        for one, (start, end) in zip(study.readers, ways, strict=True)
    ]
    ends = Curve("with the model", tuple(end[0] for _, end in ways), tuple(end[1] for _, end in ways), "points")
    return Plot(
        "With the model: where readers go",
        "Each line runs from the reader's calls without the model to those with it, which bear the mark. Up is more "
        "sensitive, to the left more specific.",
        "1 - specificity",
        "sensitivity",
        (*lines, ends),
        x_range=(-0.02, 1.0),
        y_range=(0.0, 1.02),
        diagonal=True,
    )


def _place(calls: Confusion) -> tuple[float, float]:
    return 1 - (calls.specificity or 0.0), calls.sensitivity or 0.0


def _areas(study: AidedStudy) -> Table:
    rows = tuple(area_cells(one.reader, one.images, one.unaided_auc, one.aided_auc, one.auc) for one in study.readers)
    columns = ("reader", "images", "area without", "area with", "difference", "p")
    text = "Areas under the ROC curve with 95 % intervals, on the images that the reader read both ways."
    return Table("With the model: areas", columns, rows, text)


def _together(study: AidedStudy) -> Table:
    assert study.together is not None
    columns = ("for", "mean with", "mean without", "difference", "p")
    text = f"On the {study.common} images that all {len(study.readers)} readers read both ways."
    return Table("With the model: all readers", columns, together_rows(study.together), text)


def _points(study: AidedStudy) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in study.readers:
        name = f"reader {one.reader}"
        rows.append((f"{name}, without", *rates(one.unaided, "", "")))
        rows.append((f"{name}, with", *rates(one.aided, p_words(one.sensitivity_p), p_words(one.specificity_p))))
    columns = ("who", "sensitivity", "p", "specificity", "p", "precision", "F1")
    return Table(
        "With the model: calls", columns, tuple(rows), "p: whether with differs from without (McNemar's exact test)."
    )


def _followed(study: AidedStudy) -> Table:
    rows = tuple((f"reader {one.reader}", *_changes(one.following)) for one in study.readers)
    text = (
        "Calls that changed, of those that could. Helped: wrong, the model rightly said otherwise, and the reader followed. "
        "Misled: right, the model wrongly said otherwise, and the reader followed. The last two columns are changes where "
        "the model agreed with the reader and so gave no cause: how much readers vary by themselves."
    )
    columns = ("reader", "helped", "misled", "wrong with the model, now right", "right with the model, now wrong")
    return Table("With the model: helped and misled", columns, rows, text)


def _changes(found: Following) -> tuple[str, ...]:
    return tuple(_share(one) for one in (found.helped, found.misled, found.recovered, found.strayed))


def _share(found: Changed) -> str:
    counts = f"{found.calls} of {found.of}"
    return f"{counts}: {interval_words(share_interval(found.calls, found.of))}" if found.of else counts

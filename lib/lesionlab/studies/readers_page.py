"""The report of a readers' study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lesionlab.image.files import read_volume
from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Plot, Sheet, Tile
from lesionlab.metrics.confusion import share_interval
from lesionlab.metrics.reclassification import Region, percentiles
from lesionlab.metrics.roc import Difference, curve
from lesionlab.store.cases import Case
from lesionlab.studies import aided_page
from lesionlab.studies.agreement import Agreement
from lesionlab.studies.readers import ReadersStudy
from lesionlab.studies.readers_tables import (
    areas,
    counts,
    every_image,
    interval_words,
    points,
    reclassified,
    together,
    verdict,
)
from lesionlab.studies.report import Page
from lesionlab.studies.thumbnails import thumbnail
from lesionlab.task import Task

_TILES = 24
_NOTES = (
    "Areas: intervals by DeLong's variance, clustered by patient (Obuchowski 1997), on the logit scale.",
    "One reader against the model: DeLong's test. All readers: Obuchowski and Rockette's analysis with Hillis's degrees of "
    "freedom, where readers and patients both are samples; 'these readers' takes the readers as given.",
    "Sensitivity and specificity: Wilson's intervals; p by McNemar's exact test, image by image.",
    "Net reclassification goes from the reader to the model: above 0 the model moves more cases the right way. Its "
    "continuous form compares percentiles, since readers and models score on different scales; it is generous to small "
    "changes and belongs beside the areas, not in their place.",
    "In the four regions the majority of the readers counts, and a tie counts as wrong.",
    "The model's specificity at a reader's sensitivity is read off these same cases, which favours the model a little.",
)
_MEANING = {
    Region.BOTH_RIGHT: "Model and most readers are right.",
    Region.MODEL_RIGHT: "The model is right and most readers are not: where it could help.",
    Region.READER_RIGHT: "Most readers are right and the model is not: where it could mislead.",
    Region.BOTH_WRONG: "Neither the model nor most readers are right: hard cases, or wrong truth.",
}


def page(task: Task, data: Path, study: ReadersStudy, cases: Sequence[Case], version: str) -> Page:
    """What people read of the study; ``cases`` are those of the datastore, for their pictures."""
    rated = {rating.image for rating in study.ratings}
    aided = aided_page.part(study.aided, version) if study.aided is not None else aided_page.NOTHING
    readings = (*study.readings, *(study.aided.readings if study.aided is not None else ()))
    facts: tuple[tuple[str, Cell], ...] = (
        ("task", f"{task.title} ({task.name})"),
        ("data", data.name),
        ("model", version),
        ("images", len(study.ratings)),
        ("of them diseased", sum(r.diseased for r in study.ratings)),
        ("patients", len({r.patient for r in study.ratings})),
        ("readers", len(study.readings)),
        ("images that all readers scored", study.common),
        ("readings of images without truth, left out", sum(len(set(one.scores) - rated) for one in readings)),
        ("readers call disease from", f"a score of {study.positive:g} on"),
        *aided.facts,
    )
    exhibits: list[Exhibit] = [_roc(study), areas(study)]
    exhibits += [] if study.together is None else [together(study)]
    exhibits += [points(study), reclassified(study), counts(study), *aided.exhibits]
    exhibits += [*_sheets(study, cases), every_image(study)]
    lead, notes = (*_lead(study), *aided.lead), (*_NOTES, *aided.notes)
    return Page(f"{task.title}: model and readers", lead, facts, tuple(exhibits), notes)


def _lead(study: ReadersStudy) -> tuple[str, ...]:
    model = f"The model's area under the ROC curve is {interval_words(study.auc)}."
    if study.together is not None:
        both = study.together
        return (
            model,
            f"On the {study.common} images that all {len(study.readings)} readers scored it is {both.first:.3f}, and the "
            f"readers' mean {both.second:.3f}: {_verdict(both.of_all)}",
        )
    one = study.against[0]
    versus = f"The reader's is {interval_words(one.reader_auc)}"
    return (model, f"{versus}." if one.auc is None else f"{versus}: {_verdict(one.auc)}")


def _verdict(found: Difference) -> str:
    return verdict(found, "the model is better", "the model is worse")


def _roc(study: ReadersStudy) -> Plot:
    diseased = np.array([r.diseased for r in study.ratings])
    points = curve(diseased, np.array([r.score for r in study.ratings]))
    lines = [Curve("model", tuple(1 - p.specificity for p in points), tuple(p.sensitivity for p in points))]
    for one in study.against:
        calls = one.calls
        found = share_interval(calls.true_positives, calls.true_positives + calls.false_negatives)
        x = 1 - (calls.specificity or 0.0)
        lines.append(Curve(f"reader {one.reader}", (x,), (found.mean,), "points", (found.low,), (found.high,)))
    return Plot(
        "ROC curve and readers",
        "The curve is the model's at all thresholds, the marks are the readers' calls. A reader below the curve is less "
        "sensitive than the model would be at the same specificity. Bars are 95 % intervals of the sensitivity.",
        "1 - specificity",
        "sensitivity",
        tuple(lines),
        x_range=(-0.02, 1.0),
        y_range=(0.0, 1.02),
        diagonal=True,
    )


def _sheets(study: ReadersStudy, cases: Sequence[Case]) -> Iterable[Sheet]:
    marks = {case.image.name: case for case in reversed(cases)}
    ranks = percentiles(np.array([r.score for r in study.ratings]))
    rank = {r.image: float(p) for r, p in zip(study.ratings, ranks, strict=True)}
    for region in Region:
        found = [one for one in study.agreement if one.region is region]
        # The farther the score is from the truth, the more there is to learn.
        found.sort(key=lambda one: -abs(one.rating.diseased - rank[one.rating.image]))
        more = (
            f" The {_TILES} of {len(found)} where the model is farthest from the truth." if len(found) > _TILES else ""
        )
        none = " There is none." if not found else ""
        tiles = tuple(_tile(one, marks[one.rating.image]) for one in found[:_TILES])
        yield Sheet(f"{region.value.capitalize()}: {len(found)} images", _MEANING[region] + more + none, tiles)


def _tile(one: Agreement, case: Case) -> Tile:
    truth = "diseased" if one.rating.diseased else "healthy"
    caption = f"{one.rating.image}: {truth}; model {one.rating.score:.2f}; {one.right} of {one.readers} readers right"
    return Tile(caption, thumbnail(read_volume(case.image), case.point_mm, case.size_mm))

"""The report of a readers' study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lesionlab.image.files import read_volume
from lesionlab.kinds.exhibits import Cell, Curve, Exhibit, Measured, Plot, Sheet, Table, Tile
from lesionlab.metrics.bootstrap import Interval
from lesionlab.metrics.confusion import Confusion, share_interval
from lesionlab.metrics.reclassification import Reclassification, Region, percentiles
from lesionlab.metrics.roc import Difference, curve
from lesionlab.store.cases import Case
from lesionlab.studies.readers import AgainstReader, Agreement, ReadersStudy
from lesionlab.studies.report import Page, p_words, shown, words
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
    Region.BOTH_WRONG: "Nobody is right: hard cases, or wrong truth.",
}


def page(task: Task, data: Path, study: ReadersStudy, cases: Sequence[Case], version: str) -> Page:
    """What people read of the study; ``cases`` are those of the datastore, for their pictures."""
    rated = {rating.image for rating in study.ratings}
    facts: tuple[tuple[str, Cell], ...] = (
        ("task", f"{task.title} ({task.name})"),
        ("data", data.name),
        ("model", version),
        ("images", len(study.ratings)),
        ("of them diseased", sum(r.diseased for r in study.ratings)),
        ("patients", len({r.patient for r in study.ratings})),
        ("readers", len(study.readings)),
        ("images that all readers scored", study.common),
        ("readings of images without truth, left out", sum(len(set(one.scores) - rated) for one in study.readings)),
        ("readers call disease from", f"a score of {study.positive:g} on"),
    )
    exhibits: list[Exhibit] = [_roc(study), _areas(study)]
    exhibits += [] if study.together is None else [_together(study)]
    exhibits += [_points(study), _reclassified(study), _counts(study), *_sheets(study, cases), _table(study)]
    return Page(f"{task.title}: model and readers", _lead(study), facts, tuple(exhibits), _NOTES)


def _lead(study: ReadersStudy) -> tuple[str, ...]:
    model = f"The model's area under the ROC curve is {_interval(study.auc)}."
    if study.together is not None:
        both = study.together
        return (
            model,
            f"On the {study.common} images that all {len(study.readings)} readers scored it is {both.first:.3f}, and the "
            f"readers' mean {both.second:.3f}: {_verdict(both.of_all)}",
        )
    one = study.against[0]
    versus = f"The reader's is {_interval(one.reader_auc)}"
    return (model, f"{versus}." if one.auc is None else f"{versus}: {_verdict(one.auc)}")


def _verdict(found: Difference) -> str:
    if found.low > 0:
        verdict = "the model is better"
    elif found.high < 0:
        verdict = "the model is worse"
    else:
        verdict = "they cannot be told apart"
    return f"{verdict}, difference {_difference(found)}, p {p_words(found.p)}."


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


def _areas(study: ReadersStudy) -> Table:
    rows = tuple(
        (
            f"reader {one.reader}",
            one.images,
            _interval(one.model_auc),
            _interval(one.reader_auc),
            "–" if one.auc is None else _difference(one.auc),
            p_words(None if one.auc is None else one.auc.p),
        )
        for one in study.against
    )
    columns = ("against", "images", "model's area", "reader's area", "difference", "p")
    return Table(
        "Areas under the ROC curve", columns, rows, "With 95 % intervals, on the images that the reader scored."
    )


def _together(study: ReadersStudy) -> Table:
    assert study.together is not None
    rows = tuple(
        (name, study.together.first, study.together.second, _difference(found), p_words(found.p))
        for name, found in (
            ("readers and patients like these", study.together.of_all),
            ("these readers, patients like these", study.together.of_these),
        )
    )
    text = f"On the {study.common} images that all readers scored."
    return Table("The model against all readers", ("for", "model", "readers' mean", "difference", "p"), rows, text)


def _points(study: ReadersStudy) -> Table:
    columns = (
        "who",
        "sensitivity",
        "p",
        "specificity",
        "p",
        "precision",
        "F1",
        "model's specificity at this sensitivity",
    )
    rows: list[tuple[Cell, ...]] = []
    for one in study.against:
        name = f"reader {one.reader}"
        matched = shown(one.matched_specificity)
        rows.append((name, *_rates(one.calls, p_words(one.sensitivity_p), p_words(one.specificity_p)), matched))
        rows.append((f"model, images of {name}", *_rates(one.model, "", ""), ""))
    return Table("At the operating points", columns, tuple(rows), "p: whether the reader differs from the model.")


def _rates(calls: Confusion, sensitivity_p: str, specificity_p: str) -> tuple[Cell, ...]:
    ill, well = calls.true_positives + calls.false_negatives, calls.true_negatives + calls.false_positives
    return (
        _interval(share_interval(calls.true_positives, ill)),
        sensitivity_p,
        _interval(share_interval(calls.true_negatives, well)),
        specificity_p,
        shown(calls.precision),
        shown(calls.f1),
    )


def _reclassified(study: ReadersStudy) -> Table:
    rows = [
        (
            f"reader {one.reader}, {name}",
            found.diseased,
            found.healthy,
            _difference(found.total),
            p_words(found.total.p),
        )
        for one in study.against
        for name, found in _both_indices(one)
    ]
    columns = ("from", "diseased", "healthy", "net reclassification (95 % interval)", "p")
    return Table("Net reclassification, from reader to model", columns, tuple(rows))


def _both_indices(one: AgainstReader) -> Iterable[tuple[str, Reclassification]]:
    return (("called or not", one.categories), ("percentiles", one.continuous))


def _counts(study: ReadersStudy) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f"reader {one.reader}", *(one.regions[region] for region in Region)) for one in study.against
    ]
    votes = [one.region for one in study.agreement]
    rows += (
        [("majority of the readers", *(votes.count(region) for region in Region))] if len(study.readings) > 1 else []
    )
    return Table(
        "Who is right", ("against", *(region.value for region in Region)), tuple(rows), "Images in each region."
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


def _table(study: ReadersStudy) -> Table:
    regions = {one.rating.image: one.region.value for one in study.agreement}
    rows = tuple(
        (
            r.image,
            r.patient,
            "diseased" if r.diseased else "healthy",
            r.score,
            "diseased" if r.called else "healthy",
            *(one.scores.get(r.image) for one in study.readings),
            regions.get(r.image, "not read"),
        )
        for r in study.ratings
    )
    readers = (f"reader {one.reader}" for one in study.readings)
    columns = ("image", "patient", "truth", "model's score", "model's call", *readers, "region")
    return Table("Every image", columns, rows, folded=True)


def _interval(found: Interval) -> str:
    return words(Measured("", found.mean, found.low, found.high))


def _difference(found: Difference) -> str:
    return words(Measured("", found.value, found.low, found.high))

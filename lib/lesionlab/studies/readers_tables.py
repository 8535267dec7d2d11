"""The tables of a readers' study."""

from __future__ import annotations

from collections.abc import Iterable

from lesionlab.kinds.exhibits import Cell, Measured, Table
from lesionlab.metrics.bootstrap import Interval
from lesionlab.metrics.confusion import Confusion, share_interval
from lesionlab.metrics.readers import ReadersComparison
from lesionlab.metrics.reclassification import Reclassification, Region
from lesionlab.metrics.roc import Difference
from lesionlab.studies.readers import ReadersStudy
from lesionlab.studies.report import p_words, shown, words


def areas(study: ReadersStudy) -> Table:
    """Each reader and the model on the images that the reader scored."""
    rows = tuple(area_cells(one.reader, one.images, one.model_auc, one.reader_auc, one.auc) for one in study.against)
    columns = ("against", "images", "model's area", "reader's area", "difference", "p")
    return Table(
        "Areas under the ROC curve", columns, rows, "With 95 % intervals, on the images that the reader scored."
    )


def area_cells(
    reader: str, images: int, first: Interval, second: Interval, difference: Difference | None
) -> tuple[Cell, ...]:
    """A reader's row: on how many images, both areas, and how far they differ where that can be told."""
    told = "–" if difference is None else difference_words(difference)
    p = p_words(None if difference is None else difference.p)
    return f"reader {reader}", images, interval_words(first), interval_words(second), told, p


def together(study: ReadersStudy) -> Table:
    """The model against the mean of all readers."""
    assert study.together is not None
    columns = ("for", "model", "readers' mean", "difference", "p")
    text = f"On the {study.common} images that all readers scored."
    return Table("The model against all readers", columns, together_rows(study.together), text)


def together_rows(both: ReadersComparison) -> tuple[tuple[Cell, ...], ...]:
    """The two means and their difference, as it speaks for readers in general and for these."""
    kinds = (("readers and patients like these", both.of_all), ("these readers, patients like these", both.of_these))
    return tuple((name, both.first, both.second, difference_words(found), p_words(found.p)) for name, found in kinds)


def points(study: ReadersStudy) -> Table:
    """Sensitivity, specificity, precision and F1 of each reader and of the model on the same images."""
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
        rows.append((name, *rates(one.calls, p_words(one.sensitivity_p), p_words(one.specificity_p)), matched))
        rows.append((f"model, images of {name}", *rates(one.model, "", ""), ""))
    return Table("At the operating points", columns, tuple(rows), "p: whether the reader differs from the model.")


def rates(calls: Confusion, sensitivity_p: str, specificity_p: str) -> tuple[Cell, ...]:
    """Sensitivity and specificity with interval and p, precision, F1."""
    ill, well = calls.true_positives + calls.false_negatives, calls.true_negatives + calls.false_positives
    return (
        interval_words(share_interval(calls.true_positives, ill)),
        sensitivity_p,
        interval_words(share_interval(calls.true_negatives, well)),
        specificity_p,
        shown(calls.precision),
        shown(calls.f1),
    )


def reclassified(study: ReadersStudy) -> Table:
    """Net reclassification from each reader to the model."""
    found = [
        (f"reader {one.reader}, {name}", index)
        for one in study.against
        for name, index in (("called or not", one.categories), ("percentiles", one.continuous))
    ]
    return reclassification_table("Net reclassification, from reader to model", "from", found)


def reclassification_table(
    title: str, first: str, found: Iterable[tuple[str, Reclassification]], text: str = ""
) -> Table:
    """Named indices; ``first`` heads the names."""
    rows = tuple(
        (name, index.diseased, index.healthy, difference_words(index.total), p_words(index.total.p))
        for name, index in found
    )
    return Table(title, (first, "diseased", "healthy", "net reclassification (95 % interval)", "p"), rows, text)


def counts(study: ReadersStudy) -> Table:
    """How many images lie in each region."""
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


def every_image(study: ReadersStudy) -> Table:
    """Truth, scores and region of each image."""
    regions = {one.rating.image: one.region.value for one in study.agreement}
    aided = () if study.aided is None else study.aided.readings
    rows = tuple(
        (
            r.image,
            r.patient,
            "diseased" if r.diseased else "healthy",
            r.score,
            "diseased" if r.called else "healthy",
            *(one.scores.get(r.image) for one in (*study.readings, *aided)),
            regions.get(r.image, "not read"),
        )
        for r in study.ratings
    )
    readers = (f"reader {one.reader}{' with the model' if one.aided else ''}" for one in (*study.readings, *aided))
    columns = ("image", "patient", "truth", "model's score", "model's call", *readers, "region")
    return Table("Every image", columns, rows, folded=True)


def interval_words(found: Interval) -> str:
    """A figure with its interval."""
    return words(Measured("", found.mean, found.low, found.high))


def difference_words(found: Difference) -> str:
    """A difference with its interval."""
    return words(Measured("", found.value, found.low, found.high))


def verdict(found: Difference, better: str, worse: str) -> str:
    """Which of two it is, or neither, with the difference."""
    if found.low > 0:
        said = better
    elif found.high < 0:
        said = worse
    else:
        said = "they cannot be told apart"
    return f"{said}, difference {difference_words(found)}, p {p_words(found.p)}."

"""A model against readers of the same images: areas, operating points, reclassification, who is right where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.kinds.exhibits import Rating
from lesionlab.metrics.bootstrap import Interval
from lesionlab.metrics.confusion import Confusion
from lesionlab.metrics.readers import ReadersComparison, enough_patients, model_against_readers
from lesionlab.metrics.reclassification import (
    Reclassification,
    Region,
    discordance_p,
    net_reclassification,
    percentiles,
    regions,
)
from lesionlab.metrics.roc import Difference, auc_interval, compare_aucs, curve
from lesionlab.studies.agreement import Agreement, vote
from lesionlab.studies.aided import AidedStudy, study_aided
from lesionlab.studies.readings import Readings


@dataclass(frozen=True)
class AgainstReader:
    """The model against one reader, on the images that the reader scored.

    Attributes:
        reader: a name.
        images: how many the reader scored.
        model_auc: the model's area there.
        reader_auc: the reader's.
        auc: the model's less the reader's, by DeLong's test; None with fewer than two patients of a class.
        model: the model's calls.
        calls: the reader's.
        sensitivity_p: of McNemar's exact test, that the two find as many of the diseased.
        specificity_p: the same of the others.
        matched_specificity: the model's, at the reader's sensitivity.
        categories: net reclassification of called or not called, from the reader to the model.
        continuous: the same of the percentiles of the scores.
        regions: how many images lie in each.
    """

    reader: str
    images: int
    model_auc: Interval
    reader_auc: Interval
    auc: Difference | None
    model: Confusion
    calls: Confusion
    sensitivity_p: float
    specificity_p: float
    matched_specificity: float
    categories: Reclassification
    continuous: Reclassification
    regions: dict[Region, int]


@dataclass(frozen=True)
class ReadersStudy:
    """The outcome.

    Attributes:
        ratings: of the model, one for each image.
        readings: of the readers, without the model.
        positive: a reader's score from which on it calls disease.
        auc: the model's, on all images.
        against: each reader.
        together: the model against all readers, on the images that all of them scored; None for a single reader.
        common: how many images these are.
        agreement: of each image that any reader scored.
        aided: readers with the model against the same without it; None where nobody read with it.
    """

    ratings: tuple[Rating, ...]
    readings: tuple[Readings, ...]
    positive: float
    auc: Interval
    against: tuple[AgainstReader, ...]
    together: ReadersComparison | None
    common: int
    agreement: tuple[Agreement, ...]
    aided: AidedStudy | None


def by_image(ratings: Sequence[Rating]) -> tuple[Rating, ...]:
    """One rating for each image: that of its most suspicious lesion, where a task rates lesions one by one."""
    found: dict[str, Rating] = {}
    for one in ratings:
        known = found.get(one.image, one)
        found[one.image] = Rating(
            one.image,
            one.patient,
            one.diseased or known.diseased,
            max(one.score, known.score),
            one.called or known.called,
        )
    return tuple(found.values())


def positive_score(readings: Sequence[Readings], asked: float | None) -> float:
    """From which score on readers call disease: as asked, or 0.5 for scores between 0 and 1.

    Raises:
        InputError: it is not asked for and the scores have another scale, or no reader ever reaches it, or all always do.
    """
    scores = [score for one in readings for score in one.scores.values()]
    if asked is None and (min(scores) < 0 or max(scores) > 1):
        raise InputError(
            "the readers' scores are no probabilities",
            got=f"{min(scores):g} to {max(scores):g}",
            expected="--positive SCORE, from which on a reader calls disease, such as 4 for BI-RADS",
        )
    level = 0.5 if asked is None else asked
    if not min(scores) < level <= max(scores):
        raise InputError(
            "this score divides no readings",
            got=f"--positive {level:g}",
            expected=f"above {min(scores):g}, at most {max(scores):g}",
        )
    return level


def study_readers(ratings: Sequence[Rating], readings: Sequence[Readings], positive: float) -> ReadersStudy:
    """Hold a model against readers, and readers with the model against the same without it.

    Args:
        ratings: of the model.
        readings: of the readers; each may have scored only some of the images. At least one is without the model.
        positive: a reader's score from which on it calls disease.

    Raises:
        InputError: a reader, or all readers in common, scored images of one class only; it says which.
    """
    rated = by_image(ratings)
    alone = tuple(one for one in readings if not one.aided)
    against = tuple(_against(rated, one, positive) for one in alone)
    diseased, scores = np.array([r.diseased for r in rated]), np.array([r.score for r in rated])
    shared = [r for r in rated if all(r.image in one.scores for one in alone)]
    return ReadersStudy(
        rated,
        alone,
        positive,
        auc_interval(diseased, scores, [r.patient for r in rated]),
        against,
        _together(shared, alone) if len(alone) > 1 else None,
        len(shared),
        tuple(vote(r, alone, positive) for r in rated if any(r.image in one.scores for one in alone)),
        study_aided(rated, readings, positive),
    )


def _against(rated: Sequence[Rating], reader: Readings, positive: float) -> AgainstReader:
    own = [r for r in rated if r.image in reader.scores]
    diseased, model, patients = _columns(own)
    read = np.array([reader.scores[r.image] for r in own])
    _both_classes(diseased, f"reader {reader.reader!r} scored")
    called, said = np.array([r.called for r in own]), read >= positive
    found = regions(diseased, called, said)
    alone = {
        ill: [_among(found[r], diseased == ill) for r in (Region.MODEL_RIGHT, Region.READER_RIGHT)]
        for ill in (True, False)
    }
    calls = Confusion.at(diseased, read, positive)
    return AgainstReader(
        reader.reader,
        len(own),
        auc_interval(diseased, model, patients),
        auc_interval(diseased, read, patients),
        compare_aucs(diseased, model, read, patients) if enough_patients(diseased, patients) else None,
        Confusion.at(diseased, called.astype(np.float64), 1.0),
        calls,
        discordance_p(*alone[True]),
        discordance_p(*alone[False]),
        max(p.specificity for p in curve(diseased, model) if p.sensitivity >= (calls.sensitivity or 0) - 1e-12),
        net_reclassification(diseased, said.astype(np.float64), called.astype(np.float64), patients),
        net_reclassification(diseased, percentiles(read), percentiles(model), patients),
        {region: len(cases) for region, cases in found.items()},
    )


def _together(shared: Sequence[Rating], readings: Sequence[Readings]) -> ReadersComparison:
    diseased, model, patients = _columns(shared)
    _both_classes(diseased, "all readers scored")
    scores = np.array([[one.scores[r.image] for r in shared] for one in readings])
    return model_against_readers(diseased, model, scores, patients)


def _columns(ratings: Sequence[Rating]) -> tuple[NDArray[np.bool_], NDArray[np.float64], list[str]]:
    diseased = np.array([r.diseased for r in ratings], dtype=np.bool_)
    return diseased, np.array([r.score for r in ratings], dtype=np.float64), [r.patient for r in ratings]


def _among(cases: NDArray[np.intp], which: NDArray[np.bool_]) -> int:
    return int(which[cases].sum())


def _both_classes(diseased: NDArray[np.bool_], who: str) -> None:
    if diseased.all() or not diseased.any():
        raise InputError(
            f"{who} images of one class only",
            got=f"{int(diseased.sum())} with and {int((~diseased).sum())} without the disease",
            expected="at least one of each",
        )

"""Readers with a model against the same readers without it: what its answers do to theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.kinds.exhibits import Rating
from lesionlab.metrics.bootstrap import Interval
from lesionlab.metrics.confusion import Confusion
from lesionlab.metrics.readers import ReadersComparison, compare_ways, enough_patients
from lesionlab.metrics.reclassification import Reclassification, discordance_p, net_reclassification
from lesionlab.metrics.roc import Difference, auc_interval, compare_aucs
from lesionlab.studies.readings import Readings

_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Changed:
    """How many calls became the other one, ``of`` those that could."""

    calls: int
    of: int


@dataclass(frozen=True)
class Following:
    """Which calls a reader changed once the model's answer stood beside the image.

    Right calls with the model, less those without it, are ``helped + recovered - misled - strayed``.

    Attributes:
        helped: wrong calls that the model contradicted, rightly.
        misled: right calls that the model contradicted, wrongly.
        recovered: wrong calls that the model shared.
        strayed: right calls that the model shared. These last two changed although the model gave no cause.
    """

    helped: Changed
    misled: Changed
    recovered: Changed
    strayed: Changed


@dataclass(frozen=True)
class AidedReader:
    """One reader on the images that he or she read both ways. Differences are with the model less without it.

    Attributes:
        reader: a name.
        images: how many were read both ways.
        unaided_auc: the area without the model.
        aided_auc: the area with it.
        auc: their difference, by DeLong's test; None with fewer than two patients of a class.
        unaided: calls without the model.
        aided: calls with it.
        sensitivity_p: of McNemar's exact test, that both ways find as many of the diseased.
        specificity_p: the same of the others.
        categories: net reclassification of called or not called, from without to with.
        scores: the same of the scores themselves, which are on one scale here.
        following: which calls changed.
    """

    reader: str
    images: int
    unaided_auc: Interval
    aided_auc: Interval
    auc: Difference | None
    unaided: Confusion
    aided: Confusion
    sensitivity_p: float
    specificity_p: float
    categories: Reclassification
    scores: Reclassification
    following: Following


@dataclass(frozen=True)
class LeftOut:
    """A reader who read with the model but has no images of both classes that were read both ways; how many there are."""

    reader: str
    diseased: int
    healthy: int


@dataclass(frozen=True)
class AidedStudy:
    """The outcome.

    Attributes:
        readings: those with the model.
        readers: each who read both ways.
        left_out: readers with the model who cannot be compared.
        together: all of ``readers``, with the model against without it, on the images that all of them read both ways;
            None for a single reader, or with fewer than two patients of a class.
        common: how many these images are.
    """

    readings: tuple[Readings, ...]
    readers: tuple[AidedReader, ...]
    left_out: tuple[LeftOut, ...]
    together: ReadersComparison | None
    common: int


@dataclass(frozen=True)
class _Pair:
    """One reader's two ways of reading."""

    without: Readings
    with_model: Readings

    def images(self) -> set[str]:
        return self.without.scores.keys() & self.with_model.scores.keys()


def study_aided(rated: Sequence[Rating], readings: Sequence[Readings], positive: float) -> AidedStudy | None:
    """Hold readers with the model against themselves without it; None if nobody read with it.

    Args:
        rated: of the model, one for each image; its calls are taken for what the readers saw.
        readings: of the readers, with the model and without.
        positive: a reader's score from which on it calls disease.
    """
    aided = tuple(one for one in readings if one.aided)
    if not aided:
        return None
    alone = {one.reader: one for one in readings if not one.aided}
    pairs = [_Pair(alone.get(one.reader, Readings(one.reader, {})), one) for one in aided]
    found, left_out = [], []
    for pair in pairs:
        own = [r for r in rated if r.image in pair.images()]
        diseased = sum(r.diseased for r in own)
        if 0 < diseased < len(own):
            found.append((pair, _reader(own, pair, positive)))
        else:
            left_out.append(LeftOut(pair.with_model.reader, diseased, len(own) - diseased))
    compared = [pair for pair, _ in found]
    common = [r for r in rated if compared and all(r.image in pair.images() for pair in compared)]
    together = _together(common, compared)
    return AidedStudy(aided, tuple(one for _, one in found), tuple(left_out), together, len(common))


def _reader(own: Sequence[Rating], pair: _Pair, positive: float) -> AidedReader:
    diseased, patients = _truth(own)
    before, after = _scores(own, pair.without), _scores(own, pair.with_model)
    first, second = before >= positive, after >= positive
    found, lost = (second == diseased) & (first != second), (first == diseased) & (first != second)
    return AidedReader(
        pair.with_model.reader,
        len(own),
        auc_interval(diseased, before, patients),
        auc_interval(diseased, after, patients),
        compare_aucs(diseased, after, before, patients) if enough_patients(diseased, patients) else None,
        Confusion.at(diseased, before, positive),
        Confusion.at(diseased, after, positive),
        discordance_p(int((found & diseased).sum()), int((lost & diseased).sum())),
        discordance_p(int((found & ~diseased).sum()), int((lost & ~diseased).sum())),
        net_reclassification(diseased, first.astype(np.float64), second.astype(np.float64), patients),
        net_reclassification(diseased, before, after, patients),
        following(diseased, np.array([r.called for r in own]), first, second),
    )


def following(diseased: _Flags, model: _Flags, unaided: _Flags, aided: _Flags) -> Following:
    """Which calls a reader changed; all (n,), True for diseased or called so."""
    changed, shared, right = unaided != aided, unaided == model, unaided == diseased

    def among(cases: _Flags) -> Changed:
        return Changed(int((changed & cases).sum()), int(cases.sum()))

    return Following(among(~shared & ~right), among(~shared & right), among(shared & ~right), among(shared & right))


def _together(common: Sequence[Rating], pairs: Sequence[_Pair]) -> ReadersComparison | None:
    diseased, patients = _truth(common)
    if len(pairs) < 2 or not enough_patients(diseased, patients):
        return None
    aided = np.stack([_scores(common, pair.with_model) for pair in pairs])
    return compare_ways(diseased, aided, np.stack([_scores(common, pair.without) for pair in pairs]), patients)


def _truth(ratings: Sequence[Rating]) -> tuple[_Flags, list[str]]:
    return np.array([r.diseased for r in ratings], dtype=np.bool_), [r.patient for r in ratings]


def _scores(ratings: Sequence[Rating], readings: Readings) -> NDArray[np.float64]:
    return np.array([readings.scores[r.image] for r in ratings], dtype=np.float64)

"""What the models of a study of weak labels show: learning curves, cases needed, and readers' time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.files import read_volume
from lesionlab.store.cases import read_cases
from lesionlab.store.lesions import lesions_of
from lesionlab.studies.simulating import POOL, by_image
from lesionlab.studies.weak_labels import LABELS, LabelName, TimeSettings, Trained

_SEED, _DRAWS = 0, 2000


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; infinite where it lies beyond the largest number of cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelCurve:
    """The models of one kind of label.

    Attributes:
        label: which.
        counts: training cases.
        cpm: mean over the seeds at each count.
        short: ``cpm`` minus that of painted labels on as many cases, paired by seed; None for painted ones.
        needed: cases for the performance that painted labels reach with ``Study.reference`` cases.
        seconds: of a reader for one case.
        hours: for the cases needed.
    """

    label: LabelName
    counts: tuple[int, ...]
    cpm: tuple[Estimate, ...]
    short: tuple[Estimate, ...] | None
    needed: Estimate
    seconds: float
    hours: Estimate


@dataclass(frozen=True)
class Study:
    """All curves, and how many painted cases set the performance that the others must reach."""

    reference: int
    performance: float
    curves: tuple[LabelCurve, ...]


def study(trained: Sequence[Trained], times: Mapping[LabelName, float]) -> Study:
    """The curves of a study.

    Intervals are of the bootstrap over seeds: in each draw all kinds of labels have the same seeds.

    Args:
        trained: every model.
        times: seconds of a reader for one case, by kind of label.
    """
    counts = sorted({row.count for row in trained})
    seeds = sorted({row.seed for row in trained})
    scores = {
        label: np.array([[_cpm(trained, label, count, seed) for count in counts] for seed in seeds])
        for label in LABELS
        if any(row.label == label for row in trained)
    }
    rng = np.random.default_rng(_SEED)
    draws = [rng.integers(len(seeds), size=len(seeds)) for _ in range(_DRAWS)]
    reference = counts[-2]
    painted = scores["painted"]
    curves = []
    for label, own in scores.items():
        needs = [needed(counts, own[d].mean(axis=0), painted[d].mean(axis=0)[-2]) for d in draws]
        need = _estimate(needed(counts, own.mean(axis=0), painted.mean(axis=0)[-2]), needs)
        hours = times[label] / 3600
        curves.append(
            LabelCurve(
                label=label,
                counts=tuple(counts),
                cpm=_means(own, draws),
                short=None if label == "painted" else _means(own - painted, draws),
                needed=need,
                seconds=times[label],
                hours=Estimate(need.value * hours, need.low * hours, need.high * hours),
            )
        )
    return Study(reference, float(painted.mean(axis=0)[-2]), tuple(curves))


def needed(counts: Sequence[int], scores: NDArray[np.float64], wanted: float) -> float:
    """The fewest cases with which a curve reaches a score, interpolated in the logarithm; infinite when it never does.

    A curve that falls by chance counts as level until it rises again; one that begins above the score needs the fewest tried.
    """
    rising = np.maximum.accumulate(scores)
    reached = np.flatnonzero(rising >= wanted - 1e-12)
    if not len(reached):
        return float("inf")
    at = int(reached[0])
    if at == 0:
        return float(counts[0])
    share = (wanted - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(counts[at - 1] * (counts[at] / counts[at - 1]) ** share)


def label_seconds(out: Path, labels: Sequence[LabelName], times: TimeSettings) -> dict[LabelName, float]:
    """Seconds of a reader for one case of the pool, on the mean, by kind of label."""
    lesions, slices, voxels = [], [], []
    for cases in by_image(read_cases(out / POOL)).values():
        parts = (
            [] if cases[0].mask is None else [lesion.mask.array for lesion in lesions_of(read_volume(cases[0].mask))]
        )
        lesions.append(max(len(parts), sum(case.point_mm is not None for case in cases)))
        slices.append(sum(int(part.any(axis=(0, 1)).sum()) for part in parts))
        voxels.append(sum(int(part.sum()) for part in parts))
    found = float(np.mean(lesions)) * times.search + times.case
    seconds: dict[LabelName, float] = {
        "painted": found + float(np.mean(slices)) * times.slice + float(np.mean(voxels)) * times.voxel,
        "sphere": found + float(np.mean(lesions)) * 2 * times.click,
        "dose": times.case + times.dose,
    }
    return {label: seconds[label] for label in labels}


def _cpm(trained: Sequence[Trained], label: LabelName, count: int, seed: int) -> float:
    return next(row.cpm for row in trained if (row.label, row.count, row.seed) == (label, count, seed))


def _means(rows: NDArray[np.float64], draws: Sequence[NDArray[np.int64]]) -> tuple[Estimate, ...]:
    """Means over the seeds (axis 0) of each column."""
    drawn = np.array([rows[d].mean(axis=0) for d in draws])
    return tuple(_estimate(float(mean), drawn[:, n].tolist()) for n, mean in enumerate(rows.mean(axis=0)))


def _estimate(value: float, drawn: Sequence[float]) -> Estimate:
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], method="nearest")
    return Estimate(value, float(low), float(high))

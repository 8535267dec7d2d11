"""From records to what is reported: means, paired differences with intervals, robustness, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from benchmarks.real_cases import GROUPS
from benchmarks.records import Record
from benchmarks.trials import EXACT, JITTERED, LARGE, RECUT, SMALL

_SARCOMAS = tuple(group for group in GROUPS if group.startswith("sarcoma"))

#: Reported group -> groups of cases in it.
REPORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**{group: (group,) for group in GROUPS}, "all sarcomas": _SARCOMAS, "all": GROUPS}
)
#: What was changed -> variants that are averaged.
CHANGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"click jittered": JITTERED, "size x 0.8": (SMALL,), "size x 1.2": (LARGE,), "volume re-cut": (RECUT,)}
)

_DRAWS = 10_000
_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class GroupScore:
    """A method's scores in one group, exact click and size."""

    method: str
    group: str
    lesions: int
    patients: int
    dice_mean: float
    dice_sd: float
    hd95_median_mm: float
    volume_error_median: float
    volume_bias_median: float


@dataclass(frozen=True)
class Difference:
    """Mean Dice of ours minus a peer's on the same lesions, with the 95 % interval of a bootstrap over patients."""

    peer: str
    group: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """Mean Dice of a method after a change minus before, on the same lesions."""

    method: str
    change: str
    group: str
    dice: float
    difference: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers whose certainty lies in [low, high): what was promised and what was kept."""

    low: float
    high: float
    answers: int
    certainty_mean: float
    dice_mean: float


def group_scores(records: Sequence[Record], methods: Sequence[str]) -> list[GroupScore]:
    """Every method in every reported group."""
    return [_group_score(records, method, group) for method in methods for group in REPORTED]


def differences(records: Sequence[Record], ours: str, peers: Sequence[str], seed: int = 0) -> list[Difference]:
    """Ours minus each peer in every reported group."""
    return [_difference(records, ours, peer, group, seed) for peer in peers for group in REPORTED]


def changes(records: Sequence[Record], methods: Sequence[str]) -> list[Change]:
    """What each change of the prompt or the volume does to each method in every reported group."""
    out = []
    for method in methods:
        for group in REPORTED:
            exact = float(np.mean([r.dice for r in _chosen(records, method, group, (EXACT,))]))
            for change, variants in CHANGES.items():
                dice = float(np.mean([r.dice for r in _chosen(records, method, group, variants)]))
                out.append(Change(method, change, group, dice, dice - exact))
    return out


def reliability(records: Sequence[Record], method: str) -> list[ReliabilityBin]:
    """Certainty against Dice over all trials of a method that states one."""
    stated = [(r.certainty, r.dice) for r in records if r.method == method and r.certainty is not None]
    out = []
    for low, high in pairwise(_BINS):
        held = [(c, d) for c, d in stated if low <= c < high or (c == high == _BINS[-1])]
        if held:
            certainty, dice = np.mean(held, axis=0)
            out.append(ReliabilityBin(low, high, len(held), float(certainty), float(dice)))
    return out


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean gap between certainty and Dice over the bins, weighted by their answers."""
    total = sum(b.answers for b in bins)
    return sum(b.answers * abs(b.certainty_mean - b.dice_mean) for b in bins) / total


def cluster_interval(
    values: Sequence[float], clusters: Sequence[str], rng: np.random.Generator, draws: int = _DRAWS
) -> tuple[float, float]:
    """95 % interval of the mean of ``values`` when whole clusters are drawn with replacement."""
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(index, weights=np.asarray(values, dtype=float))
    counts = np.bincount(index)
    picks = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    low, high = np.percentile(picks @ sums / (picks @ counts), (2.5, 97.5))
    return float(low), float(high)


def _chosen(records: Sequence[Record], method: str, group: str, variants: Sequence[str]) -> list[Record]:
    wanted = REPORTED[group]
    return [r for r in records if r.method == method and r.group in wanted and r.variant in variants]


def _group_score(records: Sequence[Record], method: str, group: str) -> GroupScore:
    chosen = _chosen(records, method, group, (EXACT,))
    dice = np.asarray([r.dice for r in chosen])
    errors = np.asarray([r.volume_error for r in chosen])
    return GroupScore(
        method=method,
        group=group,
        lesions=len(chosen),
        patients=len({r.patient for r in chosen}),
        dice_mean=float(dice.mean()),
        dice_sd=float(dice.std(ddof=1)),
        hd95_median_mm=float(np.median([r.hd95_mm for r in chosen if r.hd95_mm is not None])),
        volume_error_median=float(np.median(np.abs(errors))),
        volume_bias_median=float(np.median(errors)),
    )


def _difference(records: Sequence[Record], ours: str, peer: str, group: str, seed: int) -> Difference:
    mine = {r.case: r for r in _chosen(records, ours, group, (EXACT,))}
    pairs = [(mine[r.case].dice - r.dice, r.patient) for r in _chosen(records, peer, group, (EXACT,))]
    values, patients = [value for value, _ in pairs], [patient for _, patient in pairs]
    low, high = cluster_interval(values, patients, np.random.default_rng(seed))
    return Difference(peer, group, float(np.mean(values)), low, high)

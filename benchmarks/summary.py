"""From records to what is reported: means, paired differences with intervals, robustness, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from benchmarks.real_cases import GROUPS
from benchmarks.records import Record
from benchmarks.trials import EXACT, JITTERED, LARGE, RECUT, SMALL
from lesionlab.metrics.bootstrap import mean_interval
from lesionlab.metrics.calibration import Bin, reliability

_SARCOMAS = tuple(group for group in GROUPS if group.startswith("sarcoma"))

#: Reported group -> groups of cases in it.
REPORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**{group: (group,) for group in GROUPS}, "all sarcomas": _SARCOMAS, "all": GROUPS}
)
#: What was changed -> variants that are averaged.
CHANGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"click jittered": JITTERED, "size x 0.8": (SMALL,), "size x 1.2": (LARGE,), "volume re-cut": (RECUT,)}
)

_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class GroupScore:
    """A method's scores in one group, exact click and size; the Hausdorff distance is that of the ``hd95_lesions`` with a mask."""

    method: str
    group: str
    lesions: int
    patients: int
    dice_mean: float
    dice_sd: float
    hd95_median_mm: float | None
    hd95_lesions: int
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


def reliability_bins(records: Sequence[Record], method: str) -> list[Bin]:
    """Certainty against Dice over all trials of a method that states one."""
    stated = [(r.certainty, r.dice) for r in records if r.method == method and r.certainty is not None]
    certainty, dice = np.asarray(stated, dtype=float).reshape(-1, 2).T
    return reliability(certainty, dice, _BINS)


def _chosen(records: Sequence[Record], method: str, group: str, variants: Sequence[str]) -> list[Record]:
    wanted = REPORTED[group]
    return [r for r in records if r.method == method and r.group in wanted and r.variant in variants]


def _group_score(records: Sequence[Record], method: str, group: str) -> GroupScore:
    chosen = _chosen(records, method, group, (EXACT,))
    dice = np.asarray([r.dice for r in chosen])
    distances = [r.hd95_mm for r in chosen if r.hd95_mm is not None]
    errors = np.asarray([r.volume_error for r in chosen])
    return GroupScore(
        method=method,
        group=group,
        lesions=len(chosen),
        patients=len({r.patient for r in chosen}),
        dice_mean=float(dice.mean()),
        dice_sd=float(dice.std(ddof=1)),
        hd95_median_mm=float(np.median(distances)) if distances else None,
        hd95_lesions=len(distances),
        volume_error_median=float(np.median(np.abs(errors))),
        volume_bias_median=float(np.median(errors)),
    )


def _difference(records: Sequence[Record], ours: str, peer: str, group: str, seed: int) -> Difference:
    mine = {r.case: r for r in _chosen(records, ours, group, (EXACT,))}
    pairs = [(mine[r.case].dice - r.dice, r.patient) for r in _chosen(records, peer, group, (EXACT,))]
    values = np.asarray([value for value, _ in pairs])
    found = mean_interval(values, np.random.default_rng(seed), [patient for _, patient in pairs])
    return Difference(peer, group, found.mean, found.low, found.high)

"""Learning curves of simulated annotations, and how many labels each strategy needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lesionlab.kinds.exhibits import Measured
from lesionlab.studies.active import Point, StrategyName


@dataclass(frozen=True)
class Step:
    """One number of labels on a strategy's curve.

    Attributes:
        labels: how many.
        score: mean over the simulations, with its interval.
        short: score minus that of the whole pool labelled, simulation by simulation, with its interval.
        gain: score minus that of random choice with as many labels, likewise; None for random choice itself.
        strata: mean score of each kind of lesion.
        chosen: mean share of each kind among the labelled cases.
    """

    labels: int
    score: Measured
    short: Measured
    gain: Measured | None
    strata: Mapping[str, float]
    chosen: Mapping[str, float]


@dataclass(frozen=True)
class LearningCurve:
    """A strategy's curve.

    Attributes:
        strategy: which.
        steps: by number of labels.
        needed: the fewest labels with which, on the mean, it reaches the score of the whole pool labelled.
    """

    strategy: StrategyName
    steps: tuple[Step, ...]

    @property
    def needed(self) -> int:
        """The fewest labels with which the mean score reaches that of the whole pool."""
        return next(step.labels for step in self.steps if step.short.value >= 0)


@dataclass(frozen=True)
class Weighing:
    """How test cases count.

    Attributes:
        test: the kind of lesion of each test patient.
        pool: the kind of lesion of each image of the cohort that pools are drawn from.
        even: every kind counts the same; else as much as it is frequent in the pools' cohort.
    """

    test: Mapping[str, str]
    pool: Mapping[str, str]
    even: bool = False

    def mean(self, point: Point) -> float:
        """A version's score."""
        means = self.of_each(point)
        weights = [1.0 if self.even else self._share(name) for name in means]
        if not sum(weights):
            return float(np.mean(list(point.scores.values())))
        return float(np.average(list(means.values()), weights=weights))

    def of_each(self, point: Point) -> dict[str, float]:
        """A version's mean score on each kind of lesion."""
        values: dict[str, list[float]] = {}
        for case, value in point.scores.items():
            values.setdefault(self.test[case.split(": ", 1)[0]], []).append(value)
        return {name: float(np.mean(some)) for name, some in sorted(values.items())}

    def _share(self, name: str) -> float:
        return list(self.pool.values()).count(name) / max(len(self.pool), 1)


def curves(points: Sequence[Point], weighing: Weighing) -> tuple[LearningCurve, ...]:
    """The curve of each strategy."""
    strategies = list(dict.fromkeys(point.strategy for point in points))
    by_place = {(point.strategy, point.seed, len(point.labels)): point for point in points}
    counts = sorted({len(point.labels) for point in points})
    seeds = sorted({point.seed for point in points})
    scores = {place: weighing.mean(point) for place, point in by_place.items()}

    def along(strategy: StrategyName, labels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.array([scores[strategy, seed, labels] for seed in seeds])

    found = []
    for strategy in strategies:
        steps = []
        for labels in counts:
            mine = along(strategy, labels)
            random = along("random", labels) if "random" in strategies and strategy != "random" else None
            some = [by_place[strategy, seed, labels] for seed in seeds]
            steps.append(
                Step(
                    labels,
                    mean_of(f"{labels} labels", mine),
                    mean_of("short of the whole pool", mine - along(strategy, counts[-1])),
                    None if random is None else mean_of("gain over random choice", mine - random),
                    _means([weighing.of_each(point) for point in some]),
                    _means([_shares(point, weighing.pool) for point in some]),
                )
            )
        found.append(LearningCurve(strategy, tuple(steps)))
    return tuple(found)


def mean_of(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Measured:
    """The mean of independent simulations with its 95 % interval by Student's t."""
    from scipy.stats import t

    mean = float(values.mean())
    reach = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Measured(name, mean, mean - reach, mean + reach)


def best(found: Sequence[LearningCurve], labels: int) -> LearningCurve:
    """The strategy that with at most so many labels comes nearest to the whole pool's score, or farthest beyond it."""
    return max(found, key=lambda curve: max(step.short.value for step in curve.steps if step.labels <= labels))


def _shares(point: Point, pool: Mapping[str, str]) -> dict[str, float]:
    names = [pool.get(image, "") for image in point.labels]
    return {name: names.count(name) / len(names) for name in sorted(set(pool.values()))}


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

"""How many labels each strategy needs: annotation simulated on a phantom cohort whose labels are all known.

For each seed a pool of cases is drawn from the cohort. Its first labels are drawn at random and train the first model. Then a
strategy names the next cases, their labels are revealed, and a new version is trained, and so on until the whole pool is
labelled. Every version starts from the first model's weights and takes the same number of steps, so that versions differ in
their labels alone; with the whole pool labelled all strategies have the same version.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lesionlab.kinds import kind_of
from lesionlab.phantoms.cohorts import write_cohort
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import read_cases
from lesionlab.studies import simulating
from lesionlab.studies.simulating import POOL, TEST, Write, changed_task
from lesionlab.task import Frozen, Task

StrategyName = Literal["random", "uncertainty", "disagreement", "diversity", "surprise"]
STRATEGIES: tuple[StrategyName, ...] = ("random", "uncertainty", "disagreement", "diversity", "surprise")
_SEED = 4


class ActiveSettings(Frozen):
    """What is simulated.

    Attributes:
        cohort: a simulated cohort by name (``lesionlab.phantoms.cohorts``); None means the task's own phantom.
        cases: of the cohort that pools are drawn from.
        test: cases that every version is scored on; no pool holds them.
        test_shift: of the test cohort, "even" say, so that it has enough cases of every kind of lesion; scores are weighted by how
            frequent each kind (``label`` of cases.csv) is in the pool's cohort.
        labels: how many cases have labels at each version; the first are drawn at random, the last number is the pool's size.
        strategies: which.
        seeds: how often, each time with another pool, other first labels and another order of training.
        fresh: whether the first model starts from random weights, instead of the shipped ones.
        start_epochs: of the first model; 0 to take the shipped weights as they are.
        epochs: of each version.
        task: settings of the task that differ in the study (a smaller network, say), as its YAML has them.
    """

    cohort: str | None = None
    cases: int = Field(default=120, ge=8)
    test: int = Field(default=60, ge=4)
    test_shift: str | None = None
    labels: Annotated[tuple[int, ...], Field(min_length=3)] = (4, 8, 16, 24, 32, 40)
    strategies: Annotated[tuple[StrategyName, ...], Field(min_length=1)] = STRATEGIES
    seeds: int = Field(default=5, ge=2)
    fresh: bool = True
    start_epochs: int = Field(default=4, ge=0)
    epochs: int = Field(default=2, ge=1)
    task: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> ActiveSettings:
        if any(b <= a for a, b in pairwise((0, *self.labels))):
            raise ValueError("labels must rise")
        if self.labels[-1] > self.cases:
            raise ValueError("the last number of labels is the pool's size and cannot exceed cases")
        if self.fresh and not self.start_epochs:
            raise ValueError("a fresh model needs start_epochs of 1 or more")
        return self


class Point(Frozen):
    """One version of one simulated annotation.

    Attributes:
        seed: which simulation.
        strategy: which chose the labels.
        labels: names of the labelled images, in the order in which they were chosen.
        scores: the kind's metric on each test case.
    """

    seed: int
    strategy: StrategyName
    labels: tuple[str, ...]
    scores: dict[str, float]


def study_task(task: Task, settings: ActiveSettings) -> Task:
    """The task as the study trains it: with the study's own settings, and every labelled case for training.

    Raises:
        InputError: the task has no such setting.
    """
    own: dict[str, Any] = {"training": {"validation": 0, "test": 0}}
    return changed_task(type(task), _merged(task.model_dump(mode="json"), _merged(own, settings.task)))


def prepare(task: Task, settings: ActiveSettings, out: Path) -> None:
    """Write the settings and the cohorts; what an earlier call has written stays.

    Raises:
        ConflictError: the folder holds a study with other settings.
    """

    def cohort(count: int, shift: str | None) -> Write:
        if settings.cohort is None:
            return lambda folder, rng: kind_of(task).phantom(task, folder, count, rng, shift)
        name = settings.cohort
        return lambda folder, rng: write_cohort(name, folder, count, rng, shift)

    cohorts = {POOL: cohort(settings.cases, None), TEST: cohort(settings.test, settings.test_shift)}
    simulating.prepare(settings, out, _SEED, cohorts)


def simulate(task: Task, settings: ActiveSettings, out: Path, processes: int, report: Report) -> list[Point]:
    """The whole study, from where an earlier call stopped.

    Args:
        task: any whose kind gives a look.
        settings: what to simulate.
        out: a folder of the study's own.
        processes: how many seeds run at the same time, each on one core.
        report: hears of every version.

    Raises:
        InputError: the kind cannot look at images, or the task has not the settings that the study changes.
        ConflictError: the folder holds a study with other settings.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from lesionlab.studies.active_run import run_seed

    task = study_task(task, settings)
    report(Progress(0, 1, "simulating the cohort"))
    prepare(task, settings, out)
    seeds = range(settings.seeds)
    if processes == 1:
        return [point for seed in seeds for point in run_seed(task, settings, out, seed, report)]
    points: list[Point] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for seed, found in zip(seeds, pool.map(run_seed, *_each(task, settings, out, settings.seeds)), strict=True):
            points += found
            report(Progress(seed + 1, settings.seeds, f"simulation {seed + 1} of {settings.seeds}"))
    return points


def strata(out: Path) -> dict[str, str]:
    """The label (kind of lesion) of each test patient, "" where the cohort says none."""
    found: dict[str, str] = {}
    for case in read_cases(out / TEST):
        found.setdefault(case.patient, case.label)
    return found


def _each(task: Task, settings: ActiveSettings, out: Path, seeds: int) -> tuple[Any, ...]:
    return [task] * seeds, [settings] * seeds, [out] * seeds, range(seeds)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``above`` over ``below``, key by key, at every depth."""
    out = dict(below)
    for key, value in above.items():
        inner = out.get(key)
        out[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return out

"""How many cases a detector needs with each kind of label: painted masks, spheres of a hasty reader, doses of a treatment.

For each seed the cases of a phantom cohort are put in an order; a model is trained from random weights on the first so many of
them, with one kind of label, and scored against the truth of cases that no training saw. All models take the same steps.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lesionlab.errors import InputError
from lesionlab.kinds import kind_of
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import MASKS
from lesionlab.store.weak_files import WEAK
from lesionlab.studies.simulating import POOL, TEST, Write, changed_task, prepare
from lesionlab.task import Frozen, Task

LabelName = Literal["painted", "sphere", "dose"]
LABELS: tuple[LabelName, ...] = ("painted", "sphere", "dose")
_SEED = 5


class TimeSettings(Frozen):
    """What labelling costs a reader, seconds: assumptions, not measurements.

    Attributes:
        case: to open a case.
        search: to find a lesion, whatever is then done with it.
        click: one click; a sphere takes two (its centre, its edge).
        slice: to go to a slice of a lesion and begin to paint.
        voxel: to paint one voxel.
        dose: to fetch the dose of a case from the treatment planning system; its lesions are in it.
    """

    case: float = Field(default=20.0, ge=0)
    search: float = Field(default=10.0, ge=0)
    click: float = Field(default=2.0, ge=0)
    slice: float = Field(default=4.0, ge=0)
    voxel: float = Field(default=0.05, ge=0)
    dose: float = Field(default=10.0, ge=0)


class WeakSettings(Frozen):
    """What is simulated; the defaults take about an hour of two cores on a task of volumes.

    Attributes:
        cases: of the cohort that training draws from.
        test: cases that every model is scored on.
        counts: training cases of each model; they rise.
        seeds: how often, each time with another order of the cases and other random numbers of training and of the reader.
        labels: which kinds; None means all that the cohort has.
        away: of a sphere's centre, standard deviation of its error along each axis, as a share of the lesion's diameter.
        factor: of a sphere's diameter, standard deviation of the logarithm of its error.
        time: what labelling costs.
        task: settings of the task that differ in the study (steps, a smaller network), as its YAML has them.
    """

    cases: int = Field(default=48, ge=2)
    test: int = Field(default=24, ge=2)
    counts: Annotated[tuple[int, ...], Field(min_length=2)] = (6, 12, 24, 48)
    seeds: int = Field(default=4, ge=2)
    labels: Annotated[tuple[LabelName, ...], Field(min_length=1)] | None = None
    away: float = Field(default=0.1, ge=0)
    factor: float = Field(default=0.15, ge=0)
    time: TimeSettings = TimeSettings()
    task: dict[str, Any] = Field(
        default_factory=lambda: {"channels": [16, 32, 64], "training": {"epochs": 3, "steps": 120, "batch": 4}}
    )

    @model_validator(mode="after")
    def _check(self) -> WeakSettings:
        if any(b <= a for a, b in pairwise((0, *self.counts))):
            raise ValueError("counts must rise")
        if self.counts[-1] > self.cases:
            raise ValueError("the last of counts cannot exceed cases")
        if self.labels is not None and "painted" not in self.labels:
            raise ValueError("labels must hold 'painted', which the others are held against")
        return self

    @classmethod
    def quick(cls) -> WeakSettings:
        """So little that it shows nothing but that everything runs."""
        task = {"channels": [8, 16], "training": {"epochs": 1, "steps": 4, "batch": 2}}
        return cls(cases=4, test=2, counts=(2, 4), seeds=2, task=task)


class Trained(Frozen):
    """One model's score.

    Attributes:
        label: which kind it was trained with.
        count: on so many cases.
        seed: which order of the cases.
        cpm: mean sensitivity at 1/8 to 8 false positives for each test image.
    """

    label: LabelName
    count: int
    seed: int
    cpm: float


def simulate(task: Task, settings: WeakSettings, out: Path, processes: int, report: Report) -> tuple[Trained, ...]:
    """The whole study, from where an earlier call stopped.

    Raises:
        InputError: the task is no detector, or its phantom has not the labels.
        ConflictError: the folder holds a study with other settings.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from lesionlab.studies.weak_labels_run import train_one

    own = study_task(task, settings)
    report(Progress(0, 1, "simulating the cohort"))
    prepare(settings, out, _SEED, {POOL: _phantom(own, settings.cases), TEST: _phantom(own, settings.test)})
    kinds = labels_of(settings, out)
    rows = [(label, count, seed) for seed in range(settings.seeds) for count in settings.counts for label in kinds]
    found: list[Trained] = []

    def told(trained: Trained) -> None:
        found.append(trained)
        text = f"{trained.label} labels of {trained.count} cases: CPM {trained.cpm:.2f}"
        report(Progress(len(found), len(rows), text))

    if processes == 1:
        for row in rows:
            told(train_one(own, settings, out, *row))
        return tuple(found)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for trained in pool.map(train_one, *zip(*((own, settings, out, *row) for row in rows), strict=True)):
            told(trained)
    return tuple(found)


def study_task(task: Task, settings: WeakSettings) -> DetectTask:
    """The task as the study trains it: with the study's own settings, and every case for training.

    Raises:
        InputError: the task is no detector, or has no such setting.
    """
    if not isinstance(task, DetectTask):
        raise InputError("the task is no detector", got=f"{task.name} of kind {task.kind}", expected="kind detect")
    whole = task.model_dump(mode="json")
    given = dict(settings.task)
    training = {**whole["training"], **given.pop("training", {}), "validation": 0, "test": 0}
    return changed_task(DetectTask, {**whole, **given, "training": training})


def labels_of(settings: WeakSettings, out: Path) -> tuple[LabelName, ...]:
    """The kinds of labels that are compared.

    Raises:
        InputError: the cohort has not what the settings want, or no masks.
    """
    pool = out / POOL
    has: dict[LabelName, bool] = {"painted": (pool / MASKS).is_dir(), "sphere": True, "dose": (pool / WEAK).is_dir()}
    wanted = settings.labels or tuple(label for label in LABELS if has[label] or label == "painted")
    missing = [label for label in wanted if not has[label]]
    if missing:
        raise InputError("the task's phantom has no such labels", got=", ".join(missing), expected="masks, or doses")
    return wanted


def _phantom(task: DetectTask, count: int) -> Write:
    return lambda folder, rng: kind_of(task).phantom(task, folder, count, rng, None)

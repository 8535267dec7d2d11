"""The versions of each task's model that were trained on a studies folder, and which of them answers.

Each is a folder ``MODELS/TASK/VERSION/`` with the weights (``model.safetensors``) and what they were made of
(``version.json``). ``MODELS/TASK/current.json`` names the one that answers, and all that did before. The weights that came
with the program count as version ``shipped``.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock
from pydantic import BaseModel, Field, ValidationError

from lesionlab.errors import InputError, NotFoundError
from lesionlab.store.files import write_atomically
from lesionlab.store.split import Part
from lesionlab.task import Frozen, nearest

#: The weights that came with the program.
SHIPPED = "shipped"
RECORD, CURRENT, WEIGHTS = "version.json", "current.json", "model.safetensors"

M = TypeVar("M", bound=BaseModel)


class TrainRequest(Frozen):
    """What a training was asked to do.

    Attributes:
        epochs: None means the task's own number.
        seed: of the random numbers.
        fresh: start from random weights (ImageNet where the task has them) instead of the current version's.
        device: ``cpu``, ``cuda``, or None for the best there is.
    """

    epochs: int | None = None
    seed: int = 0
    fresh: bool = False
    device: Literal["cpu", "cuda"] | None = None


class UsedLabel(Frozen):
    """A label that a version was trained, validated or tested on.

    Attributes:
        image: its name.
        patient: whose.
        part: what for.
        sha256: of the label's file; the ledger finds the revision by it.
    """

    image: str
    patient: str
    part: Part
    sha256: str


class UsedWeak(Frozen):
    """A weak label that stood in for a mask.

    Attributes:
        image: its name.
        patient: whose.
        part: what for.
        kind: of label, ``Sphere`` and so on.
        trust: its weight beside a mask.
        sha256: of what it says.
    """

    image: str
    patient: str
    part: Part
    kind: str
    trust: float
    sha256: str


class PairedScore(Frozen):
    """One case as two versions answered it, higher is better; ``current`` is None when only the new one was asked."""

    case: str
    patient: str
    part: Part
    current: float | None
    new: float


class Comparison(Frozen):
    """A new version beside the current one, on patients that neither was trained on.

    Attributes:
        metric: what is compared; higher is better.
        against: the version that was current.
        current: its mean over the cases, or None when there were none; and so on.
        new: the new version's mean.
        difference: new - current.
        low: lower bound of the difference's 95 % interval, over patients.
        high: upper bound.
        cases: how many cases.
        patients: of how many patients.
        promoted: whether the new version answers from now on.
        reason: why, for people.
    """

    metric: str
    against: str
    current: float | None = None
    new: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    cases: int = 0
    patients: int = 0
    promoted: bool
    reason: str


class Version(Frozen):
    """What a version was made of.

    Attributes:
        version: its name, ``v1``, ``v2``, ...
        task: what it answers.
        created: UTC.
        parent: the version whose weights it went on from; None when it began at random.
        job: the training job, or None.
        request: what was asked.
        configuration: the task's settings.
        code: version of LesionLab.
        torch: version of PyTorch.
        labels: the labels and how the patients are divided.
        weak: weak labels that stood in for masks; a lesion with a mask has none here.
        training: best validation score, its epoch, and the history of loss and score.
        scores: of each case of the comparison.
        comparison: its outcome.
    """

    version: str = Field(pattern=r"^v[1-9]\d*$")
    task: str
    created: datetime
    parent: str | None
    job: str | None
    request: TrainRequest
    configuration: dict[str, Any]
    code: str
    torch: str
    labels: tuple[UsedLabel, ...]
    weak: tuple[UsedWeak, ...] = ()
    training: dict[str, Any]
    scores: tuple[PairedScore, ...]
    comparison: Comparison


class Use(Frozen):
    """Since when a version answers, and why."""

    version: str
    time: datetime
    reason: str


class _Uses(Frozen):
    uses: tuple[Use, ...]


class Versions:
    """The versions below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self, task: str) -> tuple[Version, ...]:
        """A task's trained versions, newest first.

        Raises:
            InputError: a record cannot be read.
        """
        found = [_read(Version, path) for path in (self._folder / task).glob(f"v*/{RECORD}")]
        return tuple(sorted(found, key=lambda version: int(version.version[1:]), reverse=True))

    def get(self, task: str, version: str) -> Version:
        """One version.

        Raises:
            NotFoundError: with the nearest name.
        """
        found = {each.version: each for each in self.all(task)}
        if version not in found:
            raise _unknown(task, version, [*found, SHIPPED])
        return found[version]

    def uses(self, task: str) -> tuple[Use, ...]:
        """Which versions answered, oldest first; empty when it was always the shipped one."""
        path = self._folder / task / CURRENT
        return _read(_Uses, path).uses if path.is_file() else ()

    def current(self, task: str) -> str:
        """The version that answers."""
        uses = self.uses(task)
        return uses[-1].version if uses else SHIPPED

    def folder(self, task: str, version: str) -> Path | None:
        """Where a version's weights lie; None for the shipped ones.

        Raises:
            NotFoundError: there is no such version.
        """
        return None if version == SHIPPED else self._folder / task / self.get(task, version).version

    def next_name(self, task: str) -> str:
        """The name of the version that comes next."""
        taken = [int(path.name[1:]) for path in (self._folder / task).glob("v*") if path.name[1:].isdigit()]
        return f"v{max(taken, default=0) + 1}"

    def add(self, version: Version, weights: Path) -> None:
        """Keep a version; it appears whole or not at all."""
        task = self._folder / version.task
        part = task / f".{version.version}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        shutil.copyfile(weights, part / WEIGHTS)
        write_atomically(part / RECORD, version.model_dump_json(indent=1) + "\n")
        part.rename(task / version.version)

    def use(self, task: str, version: str, reason: str) -> None:
        """Let a version answer from now on; the ones before stay, for going back.

        Raises:
            NotFoundError: there is no such version.
        """
        self.folder(task, version)
        path = self._folder / task / CURRENT
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{CURRENT}.lock")):
            uses = (*self.uses(task), Use(version=version, time=datetime.now(UTC), reason=reason))
            write_atomically(path, _Uses(uses=uses).model_dump_json(indent=1) + "\n")


def _read(model: type[M], path: Path) -> M:
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read", got=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _unknown(task: str, version: str, names: list[str]) -> NotFoundError:
    return NotFoundError(
        f"{task} has no such version", got=version, expected=f"one of {', '.join(names)}", hint=nearest(version, names)
    )

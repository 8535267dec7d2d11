"""The labelled cases of a datastore, as the network sees them, kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.augment import margin_for
from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.sampling import pictures, placements, sample
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.store.cases import Case
from lesionlab.task import nearest


@dataclass(frozen=True, eq=False)
class StoredCase:
    """One case.

    Attributes:
        values: float16 (P, *edges) in about [-1, 1], patches with a margin around.
        outline: uint8 (P, *edges), the lesion, where masks are given and the task learns from them.
        truth: the index of its class.
        sized: whether a size cut its crop.
        magnification: of a patch's one plane; all are there in their order until one is drawn.
    """

    name: str
    patient: str
    values: NDArray[np.float16]
    outline: NDArray[np.uint8] | None
    truth: int
    sized: bool
    magnification: float = 1.0

    def drawn(self, task: ClassifyTask, rng: np.random.Generator) -> StoredCase:
        """A patch at one of its magnifications; other forms as they are."""
        if not isinstance(task.input, PatchForm):
            return self
        number = int(rng.integers(len(self.values)))
        one = slice(number, number + 1)
        outline = None if self.outline is None else self.outline[one]
        scale = task.input.magnifications[number]
        return replace(self, values=self.values[one], outline=outline, magnification=scale)


def labelled(task: ClassifyTask, cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases with a class of the task; those without a label are left out.

    Raises:
        InputError: a label is none of the classes, or a patch has no point.
    """
    found = []
    for case in cases:
        if not case.label:
            continue
        if case.label not in task.classes:
            raise InputError(
                f"{case.image.name}: its label is no class of {task.name}",
                got=case.label,
                expected=f"one of {', '.join(task.classes)}",
                hint=nearest(case.label, list(task.classes)),
            )
        if isinstance(task.input, PatchForm) and case.point_mm is None:
            raise InputError(
                f"{case.image.name}: the case has no point", expected="point_r, point_a, point_s in cases.csv"
            )
        found.append(case)
    return tuple(found)


def stored_cases(task: ClassifyTask, cases: Sequence[Case]) -> list[StoredCase]:
    """Sample every labelled case."""
    found: list[StoredCase] = []
    last: tuple[Path, Volume] | None = None
    margin = margin_for(task)
    for case in labelled(task, cases):
        if last is None or last[0] != case.image:
            last = (case.image, read_volume(case.image))
        volume = last[1]
        sized = isinstance(task.input, PatchForm) and task.input.side is not None and case.size_mm is not None
        values = sample(task, volume, case.point_mm, case.size_mm, margin=margin).values
        outline = _outline(task, case, margin) if task.training.marked else None
        truth = task.classes.index(case.label)
        found.append(StoredCase(case.image.name, case.patient, values.astype(np.float16), outline, truth, bool(sized)))
    return found


def as_tensor(values: NDArray[np.generic]) -> torch.Tensor:
    """float32."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _outline(task: ClassifyTask, case: Case, margin: float) -> NDArray[np.uint8] | None:
    if case.mask is None:
        return None
    mask = read_volume(case.mask)
    binary = Volume((mask.array > 0).astype(np.float32), mask.geometry)
    places = tuple(placements(task, mask.geometry, case.point_mm, case.size_mm, margin=margin))
    return (pictures(task, binary, places) > 0.5).astype(np.uint8)

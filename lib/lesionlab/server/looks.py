"""What the models see in images that nobody has labelled, for the strategies that choose the next one."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError, LesionLabError, NotFoundError
from lesionlab.image.files import read_volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Look, Model
from lesionlab.learning.active import Candidate
from lesionlab.predict import Predictor
from lesionlab.server.committee import Committee
from lesionlab.server.datastore import image_file
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.files import image_name
from lesionlab.store.lesions import lesions_of
from lesionlab.store.marks import Marks
from lesionlab.store.weak_files import read_weak_file
from lesionlab.task import Task, nearest
from lesionlab.weak.label import WeakLabel
from lesionlab.weak.points import point_and_size

#: How long a request for the next image may look at images; the others are looked at in the requests after it.
_BUDGET_SECONDS = 3.0


@dataclass(frozen=True)
class _Seen:
    """One look; ``disagreement`` is that of several versions, None when one was asked."""

    models: tuple[str, ...]
    mark: Case
    look: Look
    disagreement: float | None


class Looks:
    """What the models saw in the images of a studies folder; remembered until a model or the mark changes.

    Args:
        studies: a folder; None on another server, where nothing is looked at.
        tasks: all, by name.
        predictor: has their models.
        marks: of readers.
        committee: has the models of other versions.
    """

    def __init__(
        self, studies: Path | None, tasks: Mapping[str, Task], predictor: Predictor, marks: Marks, committee: Committee
    ) -> None:
        self._studies, self._tasks, self._predictor, self._marks = studies, tasks, predictor, marks
        self._committee = committee
        self._seen: dict[tuple[str, str, bool], _Seen] = {}
        self._looking = threading.Lock()

    def task(self, name: str | None) -> Task | None:
        """The task that looks: the one that a client names, else the first that looks at marks and has a model.

        Raises:
            NotFoundError: with the nearest name.
        """
        if name is not None:
            if name not in self._tasks:
                names = list(self._tasks)
                raise NotFoundError(
                    "there is no such task", got=name, expected=f"one of {', '.join(names)}", hint=nearest(name, names)
                )
            return self._tasks[name]
        for task in self._tasks.values():
            if kind_of(task).looks_at == "mark" and self._can(task):
                return task
        return None

    def candidates(
        self, images: Sequence[str], datastore: Any, task: Task | None, versions: bool = False
    ) -> list[Candidate]:
        """The images as candidates; looks at them as far as time allows, with several versions when these are to be compared."""
        cases = self._cases()
        marked = {image for image, case in cases.items() if case.point_mm is not None}
        with self._looking:
            seen = {} if task is None else self._look_at(task, sorted(images), cases, datastore, versions)
        return [_candidate(image, image in marked, seen.get(image)) for image in images]

    def labelled(self, but: Sequence[str], datastore: Any, task: Task | None) -> list[NDArray[np.float32]]:
        """Features of the images that have labels, all that are not among ``but``, as far as time allows.

        One without a reader's mark is looked at in the largest lesion of its label.
        """
        if task is None or self._studies is None:
            return []
        images = sorted(set(datastore.list_images()) - set(but))
        cases = {image: _with_point(case) for image, case in self._cases().items() if image in set(images)}
        with self._looking:
            seen = self._look_at(task, images, cases, datastore, versions=False)
        return [one.look.features for one in seen.values()]

    def _can(self, task: Task) -> bool:
        try:
            self._predictor.model(task)
        except LesionLabError:
            return False
        return True

    def _look_at(
        self, task: Task, images: Sequence[str], cases: Mapping[str, Case], datastore: Any, versions: bool
    ) -> dict[str, _Seen]:
        """What was seen in the images, now or before."""
        until = time.monotonic() + _BUDGET_SECONDS
        found: dict[str, _Seen] = {}
        try:
            models = self._committee.models(task) if versions else (self._predictor.model(task),)
        except LesionLabError:
            return found  # a task without weights: the images are offered without a look
        names = tuple(model.version for model in models)
        for image in images:
            case = cases.get(image)
            if case is None or (case.point_mm is None and kind_of(task).looks_at == "mark"):
                continue
            seen = self._seen.get((task.name, image, versions))
            if seen is None or (seen.models, seen.mark) != (names, case):
                seen = None if time.monotonic() > until else _look(task, models, case, datastore, image)
            if seen is not None:
                found[image] = self._seen[task.name, image, versions] = seen
        return found

    def _cases(self) -> dict[str, Case]:
        """Every image's first case; with a point where ``cases.csv`` or Slicer markups have one."""
        if self._studies is None:
            return {}
        try:
            listed = read_cases(self._studies)
        except LesionLabError:
            return {}
        found = {image_name(case.image): case for case in reversed(listed)}
        found.update({image_name(case.image): case for case in reversed(listed) if case.point_mm is not None})
        for image in self._marks.images() & set(found):
            marked = _marked(self._marks.path(image), found[image])
            found[image] = found[image] if marked is None else marked
        return found


def _look(task: Task, models: Sequence[Model], case: Case, datastore: Any, image: str) -> _Seen | None:
    kind = kind_of(task)
    try:
        volume = read_volume(image_file(datastore, image))
        looks = [look for model in models if (look := kind.look(task, model, case, volume)) is not None]
    except LesionLabError:
        return None  # an image that cannot be read, a point beside it: it is offered without a look
    if not looks:
        return None
    results = [look.result for look in looks if look.result is not None]
    told = [value for a, b in combinations(results, 2) if (value := kind.apart(a, b)) is not None]
    return _Seen(tuple(m.version for m in models), case, looks[0], float(np.mean(told)) if told else None)


def _candidate(image: str, weak: bool, seen: _Seen | None) -> Candidate:
    if seen is None:
        return Candidate(image, weak)
    return Candidate(image, weak, seen.look.uncertainty, seen.look.features, seen.disagreement)


def _with_point(case: Case) -> Case:
    """The case with a point in the largest lesion of its mask, when it has no other."""
    if case.point_mm is not None or case.mask is None:
        return case
    try:
        lesions = lesions_of(read_volume(case.mask))
    except InputError:
        return case
    if not lesions:
        return case
    largest = max(lesions, key=lambda lesion: np.count_nonzero(lesion.mask.array))
    return Case(case.image, case.mask, case.patient, case.label, largest.point_mm)


def _marked(path: Path, case: Case) -> Case | None:
    """The case with the point and size of the first marked lesion of a markups file."""
    try:
        labels: Sequence[WeakLabel] = read_weak_file(path)
    except LesionLabError:
        return None
    found = next((place for label in labels if (place := point_and_size(label)) is not None), None)
    return None if found is None else Case(case.image, None, case.patient, "", *found)

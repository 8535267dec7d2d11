"""Strategies that look at the unlabelled images with the model that answers now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from monailabel.interfaces.tasks.strategy import Strategy
from numpy.typing import NDArray

from lesionlab.errors import InputError, LesionLabError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Point
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Look
from lesionlab.learning.active import Candidate, by_diversity, by_uncertainty, weak_first
from lesionlab.predict import Predictor
from lesionlab.server.datastore import image_file
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.files import image_name
from lesionlab.store.marks import Marks
from lesionlab.task import Task
from lesionlab.weak.label import PointSize, Sphere, WeakLabel
from lesionlab.weak.markups import read_markups

Order = Callable[[Sequence[Candidate], Sequence[NDArray[np.float32]]], Sequence[str]]

#: How long a request for the next image may look at images; the others are looked at in the requests after it.
_BUDGET_SECONDS = 3.0


@dataclass(frozen=True)
class _Seen:
    model: str
    mark: Case
    look: Look


class Looks:
    """What the models saw in the images of a studies folder; remembered until the model or the mark changes.

    Args:
        studies: a folder; None on another server, where nothing is looked at.
        tasks: all, by name; the first whose model can look does.
        predictor: has their models.
        marks: of readers.
    """

    def __init__(self, studies: Path | None, tasks: Mapping[str, Task], predictor: Predictor, marks: Marks) -> None:
        self._studies, self._tasks, self._predictor, self._marks = studies, tasks, predictor, marks
        self._seen: dict[str, _Seen] = {}
        self._looking = threading.Lock()

    def candidates(self, images: Sequence[str], datastore: Any) -> list[Candidate]:
        """The images as candidates; looks at those that are marked, as far as time allows."""
        cases = self._cases()
        with self._looking:
            self._look_at([image for image in sorted(images) if image in cases], cases, datastore)
            return [self._candidate(image, image in cases) for image in images]

    def labelled(self, but: Sequence[str]) -> list[NDArray[np.float32]]:
        """Features of the images that were looked at and are not among ``but``: they have labels by now."""
        with self._looking:
            return [seen.look.features for image, seen in self._seen.items() if image not in set(but)]

    def _candidate(self, image: str, weak: bool) -> Candidate:
        seen = self._seen.get(image)
        if seen is None:
            return Candidate(image, weak)
        return Candidate(image, weak, seen.look.uncertainty, seen.look.features)

    def _look_at(self, images: Sequence[str], cases: Mapping[str, Case], datastore: Any) -> None:
        until = time.monotonic() + _BUDGET_SECONDS
        for image in images:
            for task in self._tasks.values():
                seen = self._seen.get(image)
                try:
                    model = self._predictor.model(task)
                    if seen is not None and (seen.model, seen.mark) == (model.version, cases[image]):
                        break
                    volume = read_volume(image_file(datastore, image))
                    look = kind_of(task).look(task, model, cases[image], volume)
                except LesionLabError:
                    continue  # a task without weights, an image that cannot be read: it is offered without a look
                if look is not None:
                    self._seen[image] = _Seen(model.version, cases[image], look)
                    break
            if time.monotonic() > until:
                return

    def _cases(self) -> dict[str, Case]:
        """The marked images: a point in ``cases.csv``, or in Slicer markups."""
        if self._studies is None:
            return {}
        try:
            listed = read_cases(self._studies)
        except InputError:
            return {}
        found = {image_name(case.image): case for case in reversed(listed) if case.point_mm is not None}
        by_name = {image_name(case.image): case for case in listed}
        for image in self._marks.images() & set(by_name):
            point = _point(self._marks.path(image))
            if point is not None:
                case = by_name[image]
                found[image] = Case(case.image, None, case.patient, "", *point)
        return found


class Learned(Strategy):  # type: ignore[misc]
    """Offers the first image of an order.

    Args:
        description: for people.
        order: from candidates, and features of labelled images, to names, best first.
        looks: what the models saw.
    """

    def __init__(self, description: str, order: Order, looks: Looks) -> None:
        super().__init__(description)
        self._order, self._looks = order, looks

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any] | None:
        """The image's id, or None when all are labelled."""
        images = sorted(datastore.get_unlabeled_images())
        if not images:
            return None
        candidates = self._looks.candidates(images, datastore)
        return {"id": self._order(candidates, self._looks.labelled(images))[0]}


def learned_strategies(looks: Looks) -> dict[str, Learned]:
    """The strategies that look at the images."""
    return {
        "uncertainty": Learned(
            "The marked image of whose lesion the model is least sure", lambda some, _: by_uncertainty(some), looks
        ),
        "weak_first": Learned(
            "Images with a mark but no mask, the least sure first", lambda some, _: weak_first(some), looks
        ),
        "diversity": Learned("The marked image that is least like those with labels", by_diversity, looks),
    }


def _point(path: Path) -> tuple[Point, float | None] | None:
    """Where and how large the first marked lesion of a markups file is."""
    try:
        labels: Sequence[WeakLabel] = read_markups(path)
    except InputError:
        return None
    for label in labels:
        if isinstance(label, PointSize):
            return label.point_mm, label.size_mm
        if isinstance(label, Sphere):
            return label.center_mm, label.diameter_mm
    return None

"""Several versions of a task's model, to see where they disagree."""

from __future__ import annotations

import threading

from lesionlab.errors import LesionLabError
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Model
from lesionlab.predict import Predictor
from lesionlab.store.versions import SHIPPED, Versions
from lesionlab.task import Task

#: How many versions are asked: the one that answers, and the newest of the others.
MEMBERS = 3


class Committee:
    """The versions of each task that are asked together.

    Args:
        versions: that were trained on the studies.
        predictor: has the models that answer.
    """

    def __init__(self, versions: Versions, predictor: Predictor) -> None:
        self._versions, self._predictor = versions, predictor
        self._models: dict[str, dict[str, Model]] = {}
        self._loading = threading.Lock()

    def models(self, task: Task) -> tuple[Model, ...]:
        """The model that answers, then those of other versions, newest first; what cannot be loaded is left out.

        Raises:
            LesionLabError: the model that answers cannot be loaded.
        """
        answering = self._predictor.model(task)
        current = self._versions.current(task.name)
        names = [each.version for each in self._versions.all(task.name)] + [SHIPPED]
        with self._loading:
            loaded, kept = self._models.get(task.name, {}), dict[str, Model]()
            for name in names:
                model = (
                    None if name == current or len(kept) == MEMBERS - 1 else loaded.get(name) or self._load(task, name)
                )
                if model is not None:
                    kept[name] = model
            self._models[task.name] = kept
        return answering, *kept.values()

    def _load(self, task: Task, version: str) -> Model | None:
        try:
            return kind_of(task).load(task, self._versions.folder(task.name, version))
        except LesionLabError:
            return None

"""One request -> one result, for server, command line and tests alike."""

from __future__ import annotations

import threading
from pathlib import Path

from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Model, Request, Result
from lesionlab.task import Task


class Predictor:
    """Loads each task's model once, at its first request, and answers requests. Safe to call from several threads."""

    def __init__(self, model_dirs: dict[str, Path] | None = None) -> None:
        """``model_dirs``: for tasks that shall not use the shipped weights, the folder that ``train`` wrote."""
        self._model_dirs = dict(model_dirs or {})
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()

    def model(self, task: Task) -> Model:
        """The model of a task."""
        with self._lock:
            if task.name not in self._models:
                self._models[task.name] = kind_of(task).load(task, self._model_dirs.get(task.name))
            return self._models[task.name]

    def use(self, task: Task, model_dir: Path | None) -> None:
        """Answer from now on with the model in ``model_dir``, or the shipped one; it is loaded before the old one is let go."""
        model = kind_of(task).load(task, model_dir)
        with self._lock:
            if model_dir is None:
                self._model_dirs.pop(task.name, None)
            else:
                self._model_dirs[task.name] = model_dir
            self._models[task.name] = model

    def predict(self, task: Task, volume: Volume, request: Request) -> Result:
        """Answer one request. Raises InputError when it does not fit the volume."""
        return self.model(task).predict(volume, request)

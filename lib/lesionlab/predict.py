"""One request -> one result, for server, command line and tests alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.detect.result import DetectResult
from lesionlab.kinds.detect.shaped import Shape, shaped
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.kind import Method, Model, Request, Result
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.task import ShapeRequest, ShapeTask
from lesionlab.progress import Report, silent
from lesionlab.task import Task

if TYPE_CHECKING:
    import numpy as np

    from lesionlab.kinds.explanation import Explanation

#: The task that turns a detector's candidates into masks.
SHAPES = "lesion_shape"


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

    def predict(self, task: Task, volume: Volume, request: Request, report: Report = silent) -> Result:
        """Answer one request; what ``report`` raises ends the work. Raises InputError when the request does not fit the volume."""
        result = self.model(task).predict_in_steps(volume, request, report)
        if isinstance(request, DetectRequest) and request.shape and isinstance(result, DetectResult):
            return shaped(result, self._shaper(volume), report)
        return result

    def explain(
        self,
        task: Task,
        volume: Volume,
        request: Request,
        method: Method,
        rng: np.random.Generator,
        checked: bool = False,
        report: Report = silent,
    ) -> Explanation:
        """Explain an answer; see :func:`lesionlab.kinds.explanation.explain`."""
        from lesionlab.kinds.explanation import explain

        return explain(self.model(task), volume, request, method, rng, checked, report)

    def _shaper(self, volume: Volume) -> Callable[[Point, float], Shape]:
        """What makes a mask at a point of about a size."""
        task = find_task(SHAPES)
        assert isinstance(task, ShapeTask)
        model, least, most = self.model(task), task.size_mm.minimum, max(volume.geometry.extent_mm)

        def shape(point_mm: Point, size_mm: float) -> Shape:
            found = model.predict(volume, ShapeRequest(point_mm=point_mm, size_mm=min(max(size_mm, least), most)))
            assert isinstance(found, ShapeResult)
            return Shape(found.mask, found.diameter_mm, found.volume_mm3, found.certainty)

        return shape

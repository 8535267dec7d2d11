"""Our tasks behind MONAI Label's interfaces: one class each, for any task of any kind."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monailabel.interfaces.tasks.infer_v2 import InferTask
from monailabel.interfaces.tasks.train import TrainTask

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import METHODS, Json, Result
from lesionlab.progress import Report, silent
from lesionlab.server.answer import Answer
from lesionlab.server.jobs import TrainParams
from lesionlab.server.learning import Learning
from lesionlab.server.options import AnswerOptions, split
from lesionlab.server.training_answers import job_json
from lesionlab.store.house import House
from lesionlab.task import Task

if TYPE_CHECKING:
    from lesionlab.image.cache import VolumeCache
    from lesionlab.image.volume import Volume
    from lesionlab.predict import Predictor


class TaskInfer(InferTask):  # type: ignore[misc]
    """Answers requests for one task; ``running`` bounds how many networks run at the same time."""

    def __init__(
        self, task: Task, predictor: Predictor, volumes: VolumeCache, house: House, running: threading.Semaphore
    ) -> None:
        self.task = task
        self._running = running
        self._house = house
        self.kind = kind_of(task)
        self._predictor = predictor
        self._volumes = volumes
        super().__init__(
            type=self.kind.monailabel_type,
            labels=self.kind.labels(task),
            dimension=self.kind.dimension(task),
            description=task.description,
            config={**self.kind.client_config(task), "explain": "none"},
        )

    def info(self) -> dict[str, Any]:
        """MONAI Label's fields, and what a client needs that draws its panel from the task alone."""
        return {
            **super().info(),
            "title": self.task.title,
            "kind": self.task.kind,
            "modalities": list(self.task.modalities),
            "request": self.kind.request_type.model_json_schema(),
            "explain": {"methods": list(METHODS), "request": self.kind.explain_type.model_json_schema()},
        }

    def is_valid(self) -> bool:
        """Always: a task whose weights are missing says so when it is asked."""
        return True

    def check_params(self, params: dict[str, Any]) -> None:
        """Refuse names that neither the server nor the task knows, before an image is opened.

        Raises:
            InputError: with the nearest valid name.
        """
        split(self.kind, params)

    def answer(self, volume: Volume, params: object, report: Report = silent) -> Answer:
        """Answer one request.

        Args:
            volume: the image.
            params: the client's ``params``.
            report: told how far the work is; what it raises ends the work.

        Raises:
            InputError: when the request is malformed or does not fit the image.
        """
        options, asked = split(self.kind, params)
        result = self._result(volume, asked, options, report)
        labels = self.kind.labels(self.task) if result.labels is None else result.labels
        return Answer(self.task.name, labels, volume.geometry, result, options)

    def _result(self, volume: Volume, asked: Json, options: AnswerOptions, report: Report) -> Result:
        if options.explain == "none":
            request = self.kind.request_from_monailabel(self.task, asked, volume.geometry)
            with self._running:
                return self._predictor.predict(self.task, volume, request, report)
        import numpy as np

        question = self.kind.explain_request(self.task, asked, volume.geometry)
        rng = np.random.default_rng(0)
        with self._running:
            return self._predictor.explain(
                self.task, volume, question, options.explain, rng, options.explain_checks, report
            )

    def __call__(self, request: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """MONAI Label's own way in, for batch inference: ``image`` is a file; returns a label file and the summary."""
        inner = {"image", "model", "images", "description", "max_batch_size"}
        params = {k: v for k, v in request.items() if k not in inner and not k.startswith("_")}
        if split(self.kind, params)[0].explain != "none":
            raise InputError("what a batch stores are labels", got="explain", expected="no explain")
        answer = self.answer(self._volumes.get(Path(request["image"])), {**params, "result": "full"})
        whole = answer.label()
        if whole is None:
            return None, answer.summary(data=False)
        return str(self.write(whole, answer.options.suffix)), answer.summary(data=False)

    def write(self, volume: Volume, suffix: str) -> Path:
        """The volume in a new file among the server's own; the caller removes it."""
        from lesionlab.image.files import write_volume

        path = self._house.incoming() / f"{uuid.uuid4().hex}{suffix}"
        write_volume(volume, path)
        return path


class TaskTrain(TrainTask):  # type: ignore[misc]
    """Trains one task on the studies folder, as a job."""

    def __init__(self, task: Task, learning: Learning) -> None:
        super().__init__(f"Train on the final labels of the studies folder: {task.title}")
        self._task = task
        self._learning = learning

    def config(self) -> dict[str, Any]:
        """What a stock client may change."""
        return {"seed": 0}

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any]:
        """MONAI Label's own way in: start the job, wait for its end, return how it went.

        Raises:
            InputError: when the studies are on another server, or the parameters are wrong.
        """
        params = checked(TrainParams, {k: v for k, v in request.items() if k in TrainParams.model_fields}, "params")
        runner = self._learning.runner()
        return job_json(runner.wait(runner.submit(self._task.name, params.request()).id))

"""A ``detect`` task's network, ready to answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.detect.task import DetectRequest, DetectTask
from lesionlab.kinds.detect.weights import DetectNetwork, DetectWeights, read_weights
from lesionlab.kinds.kind import Explainable, Model, Request
from lesionlab.kinds.weights_files import weights_path
from lesionlab.progress import Report, silent


class DetectModel(Model):
    """See :class:`lesionlab.kinds.kind.Model`."""

    def __init__(self, task: DetectTask, weights: DetectWeights) -> None:
        self.task = task
        self.version = weights.version
        self._weights = weights
        self._network = weights.network.eval()

    @classmethod
    def load(cls, task: DetectTask, model_dir: Path | None = None) -> DetectModel:
        """From ``model_dir/model.safetensors``, else the shipped weights.

        Raises:
            NotFoundError: there are no weights.
            InputError: they do not fit the task.
        """
        path = weights_path(task, model_dir)
        return cls(task, read_weights(task, path))

    def predict(self, volume: Volume, request: Request) -> DetectResult:
        """The candidates of an image; see :meth:`predict_in_steps`."""
        return self.predict_in_steps(volume, request, silent)

    def predict_in_steps(self, volume: Volume, request: Request, report: Report) -> DetectResult:
        """The candidates of an image, window by window.

        Raises:
            InputError: when the request is another kind's, or a plane was expected and a volume given.
        """
        if not isinstance(request, DetectRequest):
            raise InputError("the request is not one of a detect task", got=type(request).__name__)
        points = tuple(reading.operating_point for reading in self._weights.readings)
        least = points if request.confidence is None else (request.confidence,) * len(points)
        shown = [c for c in self.candidates(volume, report) if c.confidence >= least[c.lesion_class]]
        return DetectResult(tuple(shown[: request.maximum]), points, self.version, tuple(self.task.classes))

    def candidates(self, volume: Volume, report: Report = silent) -> list[Candidate]:
        """All candidates with calibrated confidence, best first. Raises InputError for a volume where a plane is expected."""
        self.check_fits(volume)
        found = find(self.task, self._network, volume, report)
        sure = [self._weights.readings[c.lesion_class].read(c.confidence) for c in found]
        read = [replace(c, confidence=p) for c, p in zip(found, sure, strict=True)]
        return sorted(read, key=lambda c: -c.confidence)

    @property
    def network(self) -> DetectNetwork:
        """The network, in evaluation mode."""
        return self._network

    @property
    def networks(self) -> tuple[DetectNetwork]:
        """The one."""
        return (self._network,)

    def turning_point(self, lesion_class: int) -> float:
        """The logit of a class's heat map from which on a candidate is shown unless asked otherwise."""
        raw = np.linspace(0.001, 0.999, 999)
        reading = self._weights.readings[lesion_class]
        sure = raw if reading.calibration is None else reading.calibration.apply(raw)
        first = raw[min(int(np.searchsorted(sure, reading.operating_point)), len(raw) - 1)]
        return float(np.log(first / (1 - first)))

    def check_fits(self, volume: Volume) -> None:
        """Raises InputError for a volume where a plane is expected, and the other way round."""
        thin = min(volume.geometry.shape) == 1
        if (self.task.dimension == 2) != thin:
            wanted = "one plane" if self.task.dimension == 2 else "a volume"
            raise InputError("the image does not fit the task", got=f"shape {volume.geometry.shape}", expected=wanted)

    def explainable(self, volume: Volume, request: Request) -> Explainable:
        """See :mod:`lesionlab.kinds.detect.explaining`."""
        from lesionlab.kinds.detect.explaining import explainable

        return explainable(self, volume, request)

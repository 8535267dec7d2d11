"""A ``detect`` task's network, ready to answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.detect.task import DetectRequest, DetectTask
from lesionlab.kinds.detect.weights import DetectWeights, read_weights, weights_path
from lesionlab.kinds.kind import Explainable, Model, Request
from lesionlab.networks.heatmap import HeatmapNet
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
        path = weights_path(task) if model_dir is None else model_dir / "model.safetensors"
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
        point = self._weights.operating_point
        least = point if request.confidence is None else request.confidence
        shown = [c for c in self.candidates(volume, report) if c.confidence >= least]
        return DetectResult(tuple(shown[: request.maximum]), point, self.version)

    def candidates(self, volume: Volume, report: Report = silent) -> list[Candidate]:
        """All candidates with calibrated confidence, best first. Raises InputError for a volume where a plane is expected."""
        self.check_fits(volume)
        found = find(self.task, self._network, volume, report)
        calibration = self._weights.calibration
        if calibration is None:
            return found
        sure = calibration.apply(np.array([c.confidence for c in found]))
        return [Candidate(c.point_mm, c.size_mm, float(p)) for c, p in zip(found, sure, strict=True)]

    @property
    def network(self) -> HeatmapNet:
        """The network, in evaluation mode."""
        return self._network

    @property
    def turning_point(self) -> float:
        """The logit of the heat map from which on a candidate is shown unless asked otherwise."""
        raw = np.linspace(0.001, 0.999, 999)
        calibration = self._weights.calibration
        sure = raw if calibration is None else calibration.apply(raw)
        first = raw[min(int(np.searchsorted(sure, self._weights.operating_point)), len(raw) - 1)]
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

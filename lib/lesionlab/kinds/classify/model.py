"""A ``classify`` task's networks, ready to answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesionlab.errors import InputError
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.bags import bag
from lesionlab.kinds.classify.forms import PatchForm, SlicesForm
from lesionlab.kinds.classify.network import answer_cases
from lesionlab.kinds.classify.reading import Reading
from lesionlab.kinds.classify.result import ClassifyResult, DecidingSlice
from lesionlab.kinds.classify.sampling import Placement, sample
from lesionlab.kinds.classify.task import ClassifyRequest, ClassifyTask
from lesionlab.kinds.classify.weights import ClassifyWeights, read_weights
from lesionlab.kinds.kind import Explainable, Model, Request
from lesionlab.kinds.weights_files import weights_path
from lesionlab.networks.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks make of an image.

    Attributes:
        probabilities: (classes,), calibrated.
        shares: (K,), of each instance.
        features: (F,), of the deepest layer.
        places: where the instances lie.
    """

    probabilities: NDArray[np.float64]
    shares: NDArray[np.float64]
    features: NDArray[np.float32]
    places: tuple[Placement, ...]


class ClassifyModel(Model):
    """See :class:`lesionlab.kinds.kind.Model`."""

    def __init__(self, task: ClassifyTask, weights: ClassifyWeights) -> None:
        self.task = task
        self.version = weights.version
        self.members: tuple[Classifier, ...] = tuple(member.eval() for member in weights.members)
        self.reading: Reading = weights.reading

    @classmethod
    def load(cls, task: ClassifyTask, model_dir: Path | None = None) -> ClassifyModel:
        """From ``model_dir/model.safetensors``, else the shipped weights.

        Raises:
            NotFoundError: there are no weights.
            InputError: they do not fit the task.
        """
        path = weights_path(task, model_dir)
        return cls(task, read_weights(task, path))

    @property
    def networks(self) -> tuple[Classifier, ...]:
        """The members of the ensemble."""
        return self.members

    def predict(self, volume: Volume, request: Request) -> ClassifyResult:
        """The class of an image, or of what is at a point.

        Raises:
            InputError: when the request is another kind's or does not fit the image.
        """
        if not isinstance(request, ClassifyRequest):
            raise InputError("the request is not one of a classify task", got=type(request).__name__)
        self.check_request(request)
        return self.result(volume, self.see(volume, request.point_mm, request.size_mm))

    def result(self, volume: Volume, seen: Seen) -> ClassifyResult:
        """What the networks make of an image, in the words of the task."""
        row, target = seen.probabilities[None], self.task.target
        certainty = float(self.reading.certainty(row, target)[0])
        return ClassifyResult(
            scores=dict(zip(self.task.classes, seen.probabilities.tolist(), strict=True)),
            chosen=self.task.classes[int(self.reading.chosen(row, target)[0])],
            abstained=certainty < self.reading.band,
            operating_point=self.reading.operating_point,
            model_version=self.version,
            slices=self._slices(volume, seen),
        )

    def explainable(self, volume: Volume, request: Request) -> Explainable:
        """See :mod:`lesionlab.kinds.classify.explaining`."""
        from lesionlab.kinds.classify.explaining import explainable

        return explainable(self, volume, request)

    def check_request(self, request: ClassifyRequest) -> None:
        """Refuse points where the whole image is classified. Raises InputError."""
        if not isinstance(self.task.input, PatchForm) and request.point_mm is not None:
            raise InputError(f"task {self.task.name} takes the whole image", got="a point", expected="no point")

    def see(self, volume: Volume, point_mm: Point | None, size_mm: float | None) -> Seen:
        """The members' mean answer over magnifications and mirrored looks. Raises InputError when the point does not fit."""
        view = sample(self.task, volume, point_mm, size_mm)
        return self.judge(bag(self.task, view.values), view.places)

    def judge(self, case: Tensor, places: tuple[Placement, ...]) -> Seen:
        """As :meth:`see`, of a case (K, C, *edges) whose instances lie at ``places``."""
        answers = [answer_cases(self.task, member, case[None]) for member in self.members]
        logits, shares, features = (
            torch.stack(column).flatten(0, 1).mean(dim=0).numpy()
            for column in zip(*(a[:3] for a in answers), strict=True)
        )
        probabilities = self.reading.probabilities(logits[None].astype(np.float64))[0]
        return Seen(probabilities, shares.astype(np.float64), features.astype(np.float32), places)

    def _slices(self, volume: Volume, seen: Seen) -> tuple[DecidingSlice, ...]:
        if not isinstance(self.task.input, SlicesForm):
            return ()
        axis = volume.geometry.canonical_axes()[0][2]
        best = np.argsort(-seen.shares, kind="stable")[: self.task.input.shown]
        points = [seen.places[int(n)].grid.center_mm for n in best]
        return tuple(
            DecidingSlice(point, round(volume.geometry.ras_to_index(point)[axis]), float(seen.shares[int(n)]))
            for n, point in zip(best, points, strict=True)
            if seen.shares[int(n)] > 0
        )

"""How a ``detect`` task trains: windows around lesions, around what was mistaken for one, and anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesionlab.kinds.detect.calibrating import Calibrated, calibrated
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.images import MarkedImage, StoredImage
from lesionlab.kinds.detect.intensities import decoded
from lesionlab.kinds.detect.mining import Mistakes, cut, mistakes
from lesionlab.kinds.detect.scanning import as_another_scanner
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.slices import as_thick_slices
from lesionlab.kinds.detect.targets import target
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.turning import Turned, random_steps
from lesionlab.kinds.detect.weights import DetectWeights, build_network, forward, write_weights
from lesionlab.kinds.kind import Json
from lesionlab.kinds.recipe import Recipe
from lesionlab.metrics.froc import competition_metric
from lesionlab.networks.heatmap import centre_loss

#: Share of windows around a lesion; of those that are around no mistake either, the share around dense or bright spots.
_LESION, _SPOT = 0.55, 0.55
_SIZE_WEIGHT = 0.3
#: Share of windows of volumes that are seen as thick slices would show them, and of windows that lie askew.
_THICK, _ASKEW = 0.4, 0.6


@dataclass(frozen=True)
class Batch:
    """``inputs`` (N, 1, *edges); ``heat`` (N, classes, *cells); ``size``, ``told`` (N, *cells)."""

    inputs: Tensor
    heat: Tensor
    size: Tensor
    told: Tensor


class DetectRecipe(Recipe[Batch]):
    """See :class:`Recipe`.

    Args:
        task: grid, network and training settings.
        training: images to train on, also an attribute.
        validation: images of the validation patients.
        start: weights to go on from; random ones when None.
    """

    def __init__(
        self,
        task: DetectTask,
        training: Sequence[StoredImage],
        validation: Sequence[MarkedImage],
        start: DetectWeights | None = None,
    ) -> None:
        self.task = task
        self.network: nn.Module = build_network(task) if start is None else start.network
        self.epochs, self.steps = task.training.epochs, task.training.steps
        self.learning_rate = task.training.learning_rate
        self.training = list(training)
        self._with_lesion = [image for image in self.training if len(image.lesions)]
        self._validation = validation
        self._step_mm = task.grid.step_mm or 1.0
        self._mistakes: list[Mistakes] = []
        self._measured = (Calibrated(None, 0.5),) * task.class_count

    def before_epoch(self, epoch: int, network: nn.Module, rng: np.random.Generator) -> None:
        """Look through some training images for what the network mistakes for a lesion."""
        network.eval()
        count = min(self.task.training.looked_through, len(self.training))
        chosen = rng.choice(len(self.training), count, replace=False)
        found = (mistakes(self.task, network, self.training[int(n)]) for n in chosen)
        self._mistakes = [each for each in found if len(each.places)]

    def draw(self, rng: np.random.Generator) -> Batch:
        """A batch of windows, turned and shaded anew."""
        rows = [self._window(rng) for _ in range(self.task.training.batch)]
        values, heat, size, told = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
        return Batch(values[:, None], heat, size, told)

    def move(self, batch: Batch, device: torch.device) -> Batch:
        """The batch on a device."""
        return Batch(*(x.to(device) for x in (batch.inputs, batch.heat, batch.size, batch.told)))

    def loss(self, batch: Batch) -> Tensor:
        """Focal loss of the centres, and how far the logarithmic size is off around them."""
        answer = forward(self.network, batch.inputs)
        heat = centre_loss(answer[:, :-1], batch.heat, torch.ones_like(batch.heat))
        off = ((answer[:, -1] - batch.size).abs() * batch.told).sum() / batch.told.sum().clamp_min(1)
        return heat + _SIZE_WEIGHT * off

    def validate(self, network: nn.Module) -> float:
        """Mean sensitivity at 1/8 to 8 false positives for each validation image (CPM); mean over classes; 0 without lesions."""
        network.eval()
        answers = [find(self.task, network, image.volume) for image in self._validation]
        compared = [
            [image_marks(found, image.lesions, each) for found, image in zip(answers, self._validation, strict=True)]
            for each in range(self.task.class_count)
        ]
        self._measured = tuple(calibrated(marks, self.task.false_positives) for marks in compared)
        scores = [competition_metric(marks) for marks in compared if any(len(m.found) for m in marks)]
        return float(np.mean(scores)) if scores else 0.0

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        """Write ``model.safetensors`` with the confidence and operating point measured on the validation patients."""
        facts = {"task": self.task.name, "score": f"{scores['best']:.4f}", "epoch": str(scores["epoch"])}
        write_weights(out / "model.safetensors", network, self._measured, facts)

    def _window(self, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        edges = (self.task.grid.training,) * self.task.dimension
        values, lesions = self._samples(rng, edges)
        thickest = (self.task.training.thickest_mm or 0.0) / self._step_mm
        if thickest > 1 and rng.random() < _THICK:
            values = as_thick_slices(values, float(rng.uniform(1, thickest)), float(rng.random()))
        inside = ((lesions[:, :-2] >= 0) & (lesions[:, :-2] <= np.asarray(edges) - 1)).all(axis=1)
        lesions = lesions[inside]
        for axis in range(self.task.dimension):
            if rng.random() < 0.5:
                values = np.flip(values, axis)
                lesions[:, axis] = edges[axis] - 1 - lesions[:, axis]
        values = as_another_scanner(values, self.task.training, rng)
        wanted = target(lesions, edges, self.task.class_count)
        return np.ascontiguousarray(values, dtype=np.float32), wanted.heat, wanted.size, wanted.told

    def _samples(
        self, rng: np.random.Generator, edges: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A window's samples, and the lesions of its image by the window's index."""
        image, start = self._place(rng, np.asarray(edges))
        settings = self.task.training
        if rng.random() < _ASKEW:
            steps = random_steps(len(edges), settings.rotation_rad, settings.scale, rng)
            turned = Turned(start + (np.asarray(edges) - 1) / 2, steps, edges)
            return decoded(turned.cut(image.values)), turned.lesions(image.lesions)
        lesions = image.lesions.copy()
        lesions[:, :-2] -= start
        return decoded(cut(image.values, start, edges)), lesions

    def _place(self, rng: np.random.Generator, edge: NDArray[np.int64]) -> tuple[StoredImage, NDArray[np.int64]]:
        """An image, and where its window starts."""
        if self._with_lesion and rng.random() < _LESION:
            image = self._with_lesion[int(rng.integers(len(self._with_lesion)))]
            row = image.lesions[int(rng.integers(len(image.lesions)))]
            return image, np.rint(row[:-2] - rng.uniform(0.15, 0.85, len(edge)) * edge).astype(np.int64)
        if self._mistakes and rng.random() < self.task.training.hard:
            mistaken = self._mistakes[int(rng.integers(len(self._mistakes)))]
            place = mistaken.places[int(rng.integers(len(mistaken.places)))]
            return mistaken.image, np.rint(place - rng.uniform(0.25, 0.75, len(edge)) * edge).astype(np.int64)
        image = self.training[int(rng.integers(len(self.training)))]
        shape = np.asarray(image.values.shape)
        middle = rng.uniform(0, shape)
        if rng.random() < _SPOT:
            tries = rng.uniform(0, shape, (24, len(edge))).astype(int)
            middle = tries[int(np.argmax([image.values[tuple(place)] for place in tries]))].astype(float)
        return image, np.rint(middle - edge / 2).astype(np.int64)

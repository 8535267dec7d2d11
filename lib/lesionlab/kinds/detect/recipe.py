"""How a ``detect`` task trains: windows around lesions, around what was mistaken for one, and anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from torch import Tensor, nn

from lesionlab.kinds.detect.calibrating import Calibrated, calibrated
from lesionlab.kinds.detect.finding import find
from lesionlab.kinds.detect.images import MarkedImage, StoredImage
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.targets import target
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import DetectWeights, build_network, forward, write_weights
from lesionlab.kinds.kind import Json
from lesionlab.kinds.recipe import Recipe
from lesionlab.metrics.froc import ImageMarks, competition_metric
from lesionlab.networks.heatmap import centre_loss

#: Shares of windows around a lesion, and around dense or bright spots; the rest lie anywhere.
_LESION, _SPOT = 0.55, 0.25
_SIZE_WEIGHT = 0.3
#: Share of windows of volumes that are smeared along S, as thick slices are.
_THICK = 0.3


@dataclass(frozen=True)
class Batch:
    """``inputs`` (N, 1, *edges); ``heat``, ``size``, ``told``, ``weight`` (N, *cells)."""

    inputs: Tensor
    heat: Tensor
    size: Tensor
    told: Tensor


class DetectRecipe(Recipe[Batch]):
    """See :class:`Recipe`.

    Args:
        task: grid, network and training settings.
        training: images to train on.
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
        self._training = list(training)
        self._with_lesion = [image for image in self._training if len(image.lesions)]
        self._validation = validation
        self._measured: Calibrated | None = None

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
        heat = centre_loss(answer[:, 0], batch.heat, torch.ones_like(batch.heat))
        off = ((answer[:, 1] - batch.size).abs() * batch.told).sum() / batch.told.sum().clamp_min(1)
        return heat + _SIZE_WEIGHT * off

    def validate(self, network: nn.Module) -> float:
        """Mean sensitivity at 1/8 to 8 false positives for each validation image (CPM); 0 when no image has a lesion."""
        network.eval()
        compared: list[ImageMarks] = []
        for image in self._validation:
            compared.append(image_marks(find(self.task, network, image.volume), image.lesions))
        self._measured = calibrated(compared, self.task.false_positives)
        return competition_metric(compared) if any(len(c.found) for c in compared) else 0.0

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        """Write ``model.safetensors`` with the confidence and operating point measured on the validation patients."""
        facts = {"task": self.task.name, "score": f"{scores['best']:.4f}", "epoch": str(scores["epoch"])}
        measured = self._measured or Calibrated(None, 0.5)
        write_weights(out / "model.safetensors", network, measured.calibration, measured.operating_point, facts)

    def _window(self, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        kind = rng.random()
        images = self._with_lesion if kind < _LESION and self._with_lesion else self._training
        image = images[int(rng.integers(len(images)))]
        edges = (self.task.grid.training,) * self.task.dimension
        start = self._start(rng, image, edges, kind)
        values = _cut(image.values, start, edges)
        if self.task.dimension == 3 and rng.random() < _THICK:
            values = uniform_filter1d(values, int(rng.integers(2, 6)), axis=2, mode="nearest")
        lesions = image.lesions.copy()
        lesions[:, :-1] -= start
        inside = ((lesions[:, :-1] >= 0) & (lesions[:, :-1] <= np.asarray(edges) - 1)).all(axis=1)
        lesions = lesions[inside]
        for axis in range(self.task.dimension):
            if rng.random() < 0.5:
                values = np.flip(values, axis)
                lesions[:, axis] = edges[axis] - 1 - lesions[:, axis]
        values = values * np.float32(np.exp(rng.uniform(-0.15, 0.15))) + np.float32(rng.uniform(-0.1, 0.1))
        if rng.random() < 0.4:
            noise = rng.standard_normal(values.shape, dtype=np.float32)
            values = values + noise * np.float32(np.exp(rng.uniform(np.log(0.01), np.log(0.12))))
        wanted = target(lesions, edges)
        return np.ascontiguousarray(values, dtype=np.float32), wanted.heat, wanted.size, wanted.told

    def _start(
        self, rng: np.random.Generator, image: StoredImage, edges: tuple[int, ...], kind: float
    ) -> NDArray[np.int64]:
        shape, edge = np.asarray(image.values.shape), np.asarray(edges)
        if kind < _LESION and len(image.lesions):
            row = image.lesions[int(rng.integers(len(image.lesions)))]
            return np.asarray(np.rint(row[:-1] - rng.uniform(0.15, 0.85, len(edge)) * edge), dtype=np.int64)
        middle = rng.uniform(0, shape)
        if kind < _LESION + _SPOT:
            tries = rng.uniform(0, shape, (24, len(edge))).astype(int)
            middle = tries[int(np.argmax([image.values[tuple(place)] for place in tries]))].astype(float)
        return np.asarray(np.rint(middle - edge / 2), dtype=np.int64)


def _cut(values: NDArray[np.float16], start: NDArray[np.int64], edges: tuple[int, ...]) -> NDArray[np.float32]:
    """A box of samples; beyond the image its edge goes on."""
    index = [np.clip(np.arange(s, s + n), 0, count - 1) for s, n, count in zip(start, edges, values.shape, strict=True)]
    return np.asarray(values[np.ix_(*index)], dtype=np.float32)

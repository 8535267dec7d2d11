"""How a ``shape`` task trains: mixed batches of stored lesions, soft Dice and cross entropy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lesionlab.kinds.kind import Json
from lesionlab.kinds.recipe import Recipe
from lesionlab.kinds.shape.network import build_network, forward
from lesionlab.kinds.shape.samples import Augmentation, Batch, StoredLesion, draw_batch
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.shape.weights import ShapeWeights, write_weights
from lesionlab.networks.unet import cross_entropy, soft_dice_loss
from lesionlab.store.versions import UsedWeak

_VALIDATION_SEED = 20240229


@dataclass(frozen=True)
class Source:
    """A pool of lesions and the share of samples drawn from it."""

    lesions: Sequence[StoredLesion]
    share: float


class ShapeRecipe(Recipe[Batch]):
    """See :class:`Recipe`.

    Args:
        task: patch, network and training settings.
        sources: what to train on.
        validation: lesions of the validation patients, clicked and sized once with the same errors as in training.
        start: weights to go on from (of several networks the first); random ones when None.
        weak: the weak labels that are among the sources.
    """

    def __init__(
        self,
        task: ShapeTask,
        sources: Sequence[Source],
        validation: Sequence[StoredLesion],
        start: ShapeWeights | None = None,
        weak: Sequence[UsedWeak] = (),
    ) -> None:
        self.task = task
        self.weak = tuple(weak)
        network = build_network(task) if start is None else start.members[0]
        self.network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self._calibration = None if start is None else start.calibration
        self.epochs, self.steps = task.training.epochs, task.training.steps
        self.learning_rate = task.training.learning_rate
        self._sources = [source for source in sources if source.lesions and source.share > 0]
        shares = np.array([source.share for source in self._sources])
        self._shares = shares / shares.sum()
        rng = np.random.default_rng(_VALIDATION_SEED)
        mild = Augmentation(click=0.3, size=0.1, stretch=0, elastic=0, invert=0, gamma=0, exclude=0, cut=0, mirror=0)
        self._validation = [self._batch(rng, [lesion], mild) for lesion in validation]

    def _batch(self, rng: np.random.Generator, lesions: Sequence[StoredLesion], how: Augmentation) -> Batch:
        return draw_batch(rng, lesions, self.task.patch.voxels, self.task.patch.side, how)

    def draw(self, rng: np.random.Generator) -> Batch:
        """A batch, each lesion from a source drawn by its share."""
        chosen = []
        for index in rng.choice(len(self._sources), size=self.task.training.batch, p=self._shares):
            lesions = self._sources[index].lesions
            chosen.append(lesions[int(rng.integers(len(lesions)))])
        return self._batch(rng, chosen, Augmentation())

    def move(self, batch: Batch, device: torch.device) -> Batch:
        """See :class:`Recipe`."""
        inputs, target, weight = (x.to(device) for x in (batch.inputs, batch.target, batch.weight))
        return Batch(inputs, target, weight, batch.trust.to(device))

    def loss(self, batch: Batch) -> Tensor:
        """Soft Dice + cross entropy over the imaged voxels about which the truth says anything, samples weighted by their trust."""
        logits = forward(self.network, batch.inputs)
        weight = batch.weight * batch.trust[:, None, None, None, None]
        dice = soft_dice_loss(logits, batch.target, batch.weight, batch.trust)
        return dice + cross_entropy(logits, batch.target, weight)

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> float:
        """Mean Dice over the imaged voxels of the validation lesions at the level 0.5; 0 when there are none."""
        network.eval()
        device = next(network.parameters()).device
        scores = []
        for batch in (self.move(each, device) for each in self._validation):
            inside = (forward(network, batch.inputs) > 0) & (batch.weight > 0)
            truth = (batch.target > 0.5) & (batch.weight > 0)
            both = (inside & truth).sum() * 2
            scores.append(float(both / (inside.sum() + truth.sum()).clamp_min(1)))
        return float(np.mean(scores)) if scores else 0.0

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        """Write ``model.safetensors``; the certainty stays calibrated as in the weights that training went on from."""
        facts = {"task": self.task.name, "score": f"{scores['best']:.4f}", "epoch": str(scores["epoch"])}
        write_weights(out / "model.safetensors", [network], self._calibration, facts)

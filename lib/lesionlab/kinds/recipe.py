"""What a kind gives to the training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from lesionlab.kinds.kind import Json

if TYPE_CHECKING:  # listing the kinds imports this module, and must not wait for torch
    import numpy as np
    import torch
    from torch import Tensor, nn

    from lesionlab.store.versions import UsedWeak

Sample = TypeVar("Sample")


class Recipe(ABC, Generic[Sample]):
    """How one task trains on one datastore.

    Attributes:
        network: starts from random or from shipped weights; the loop changes its parameters.
        epochs, steps: epochs, and batches an epoch.
        learning_rate: at its highest.
        clip_norm: of all gradients together, at most.
        schedule: of the learning rate: up at first and down along a cosine, or constant.
        weak: the weak labels that it trains on in the place of masks.

    The loop may move ``network`` to a GPU, and wrap it so that several processes train it together; ``loss`` must call it as
    it stands in the attribute.
    """

    network: nn.Module
    epochs: int
    steps: int
    learning_rate: float
    clip_norm: float = 1.0
    schedule: Literal["cosine", "constant"] = "cosine"
    weak: tuple[UsedWeak, ...] = ()

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """What changes the parameters of ``network``; the loop follows the schedule from each group's own rate."""
        import torch

        return torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=1e-3)

    def before_epoch(self, epoch: int, network: nn.Module, rng: np.random.Generator) -> None:
        """Prepare the epoch's batches, from what the averaged ``network`` makes of the training patients.

        What it keeps may depend on nothing but the arguments, so that an interrupted run goes on as if it never stopped.
        """

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Sample:
        """One batch of the training patients."""

    @abstractmethod
    def move(self, batch: Sample, device: torch.device) -> Sample:
        """The batch on a device."""

    @abstractmethod
    def loss(self, batch: Sample) -> Tensor:
        """The loss of the network on a batch, a scalar."""

    @abstractmethod
    def validate(self, network: nn.Module) -> float:
        """A score on the validation patients, higher is better; draws nothing at random."""

    @abstractmethod
    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        """Write the model that ``Kind.load`` reads."""

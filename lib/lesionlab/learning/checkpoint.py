"""What an interrupted training needs to go on: network, average, optimiser, history; all in one safetensors file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lesionlab.errors import ConflictError
from lesionlab.networks.weights import load_network, read_tensors, save_tensors

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a run is kept.

    Attributes:
        path: of the file.
        network: what is trained.
        averaged: its average.
        optimizer: what changes it.
        identity: tells one run from another.
    """

    path: Path
    network: nn.Module
    averaged: nn.Module
    optimizer: torch.optim.Optimizer
    identity: Mapping[str, str]

    def save(self, history: list[tuple[float, float]]) -> None:
        """Keep the run as it stands after these epochs, whole or not at all."""
        tensors: dict[str, Tensor] = {}
        tensors.update({f"network.{k}": v for k, v in self.network.state_dict().items()})
        tensors.update({f"averaged.{k}": v for k, v in self.averaged.state_dict().items()})
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors.update({f"optimizer.{index}.{k}": v for k, v in state.items()})
        save_tensors(self.path, tensors, {**self.identity, "history": json.dumps(history)})

    def resume(self) -> list[tuple[float, float]]:
        """Take up the run that the file holds, if there is one.

        Returns:
            Loss and score of each epoch that is done.

        Raises:
            ConflictError: the file holds another run.
        """
        if not self.path.is_file():
            return []
        tensors, metadata = read_tensors(self.path)
        found = {key: metadata.get(key, "") for key in self.identity}
        if found != self.identity:
            raise ConflictError(
                "the folder holds another run",
                got=str(found),
                expected=str(self.identity),
                hint=f"give the same options, or another folder than {self.path.parent}",
            )
        load_network(self.network, tensors, "network.")
        load_network(self.averaged, tensors, "averaged.")
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimizer."):
                _, index, name = key.split(".")
                state.setdefault(int(index), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        history = json.loads(metadata["history"])
        _log.info("resuming after epoch %d", len(history))
        return [(float(loss), float(score)) for loss, score in history]

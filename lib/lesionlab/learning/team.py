"""The processes that train one network together: one alone, or as many as ``torchrun`` has started."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import distributed, nn

from lesionlab.errors import InputError
from lesionlab.kinds.kind import Device


@dataclass(frozen=True)
class Team:
    """This process among those that train together; the gradients are averaged over all of them.

    Attributes:
        rank: this process, from 0.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @classmethod
    def join(cls, wanted: Device | None) -> Team:
        """The team that ``torchrun`` describes in the environment, else this process alone.

        Args:
            wanted: None means a GPU when there is one.

        Raises:
            InputError: a GPU is wanted and there is none.
        """
        kind = wanted or ("cuda" if torch.cuda.is_available() else "cpu")
        if kind == "cuda" and not torch.cuda.is_available():
            raise InputError("there is no GPU to train on", got="device cuda", expected="cpu, or a machine with a GPU")
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls(0, 1, torch.device(kind))
        local = int(os.environ["LOCAL_RANK"])
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
        device = torch.device("cuda", local) if kind == "cuda" else torch.device("cpu")
        return cls(distributed.get_rank(), size, device)

    @property
    def leads(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    def share(self, network: nn.Module) -> nn.Module:
        """The network as the loss must call it, so that gradients are averaged over the team."""
        return network if self.size == 1 else nn.parallel.DistributedDataParallel(network)

    def seed(self, seed: int, step: int) -> list[int]:
        """Of the random numbers of one batch: every process draws others."""
        return [seed, step] if self.leads else [seed, step, self.rank]

    def wait(self) -> None:
        """Until all are here."""
        if self.size > 1:
            distributed.barrier()

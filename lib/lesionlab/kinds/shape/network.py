"""The ``shape`` network and how it is run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lesionlab.kinds.shape.inputs import CHANNELS
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.networks.unet import ResidualUNet
from lesionlab.networks.weights import supports_bfloat16


def build_network(task: ShapeTask) -> ResidualUNet:
    """The task's network with random weights."""
    return ResidualUNet(CHANNELS, task.network.channels, task.network.blocks)


def forward(network: nn.Module, inputs: Tensor) -> Tensor:
    """Logits (N, 1, n, n, n) of inputs (N, 4, n, n, n), in bfloat16 where the hardware multiplies it."""
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=inputs.is_cuda or supports_bfloat16()):
        logits: Tensor = network(inputs.contiguous(memory_format=torch.channels_last_3d))
    return logits

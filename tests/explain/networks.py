"""Networks small enough that what explains them can be worked out by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.explain.subject import Subject


class TwoFilters(nn.Module):
    """Filter 0 passes a plane on, filter 1 doubles it; the answer is the mean of filter 0 less three times that of filter 1."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Conv2d(1, 2, 1, bias=False)
        self.active = nn.ReLU(inplace=True)
        with torch.no_grad():
            self.filters.weight.copy_(torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1))
        self.filters.weight.requires_grad_(True)

    def forward(self, x: Tensor) -> Tensor:
        means = self.active(self.filters(x)).mean(dim=(2, 3))
        return means[:, 0] - 3 * means[:, 1]


class Weighted(nn.Module):
    """The sum of the samples, each times its weight."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weights).flatten(1).sum(dim=1)


class Everything(nn.Module):
    """Norms, curves, gates, the largest of windows and a softmax, in the order in which real networks have them."""

    def __init__(self, dimension: int = 2) -> None:
        super().__init__()
        conv: Any = nn.Conv2d if dimension == 2 else nn.Conv3d
        self.stem = conv(1, 8, 3, padding=1)
        self.body = nn.Sequential(nn.GroupNorm(4, 8), nn.SiLU(inplace=True), conv(8, 8, 3, padding=1))
        self.gate = nn.Linear(8, 8)
        self.attend = conv(8, 1, 1)
        self.head = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.body(x)
        pool = functional.max_pool2d if x.ndim == 4 else functional.max_pool3d
        x = functional.relu6(pool(x, 2), inplace=True)
        gate = torch.sigmoid(self.gate(x.flatten(2).mean(dim=2)))
        x = x * gate.reshape(*gate.shape, *[1] * (x.ndim - 2))
        shares = functional.softmax(self.attend(x).flatten(2), dim=2)
        return self.head((x.flatten(2) * shares).sum(dim=2))


def subject_of(network: nn.Module, inputs: Tensor, **more: Any) -> Subject:
    """Its answer is the number, against a baseline of zeros."""
    usual = {
        "target": lambda answer: answer.reshape(len(answer)),
        "layers": (),
        "baselines": torch.zeros_like(inputs[:1]),
        "low": -10.0,
        "high": 10.0,
    }
    return Subject(network=network.eval(), inputs=inputs, **{**usual, **more})


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Normally distributed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def random_network(dimension: int = 2, seed: int = 0) -> Everything:
    """Weights drawn anew, the same for a seed."""
    network = Everything(dimension)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            values.copy_(0.5 * torch.randn(values.shape, generator=generator))
    return network

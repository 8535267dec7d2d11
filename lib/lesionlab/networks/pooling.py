"""From the instances of a case (slices, views, magnifications) to the case."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Pooled(NamedTuple):
    """``logits`` (N, classes) of the cases; ``shares`` (N, K): what each instance gave to the answer, summing to 1."""

    logits: Tensor
    shares: Tensor


class CasePool(nn.Module):
    """From instances to the case.

    Attributes:
        takes_maps: whether ``forward`` takes features of cells (N, K, F, *cells), not of instances (N, K, F).
    """

    takes_maps = False

    def evidence(self, maps: Tensor, head: nn.Module) -> Tensor:
        """Features of cells (N, K, F, *cells) -> the logits of each cell as if it were all there is (N, K, classes, *cells)."""
        return _each(head, self.cells(maps)).movedim(-1, 2)

    def cells(self, maps: Tensor) -> Tensor:
        """Features of cells (N, K, F, *cells) -> what the head sees of each (N, K, *cells, features)."""
        return maps.movedim(2, -1)


class MeanPool(CasePool):
    """The mean of the instances' logits."""

    def forward(self, features: Tensor, head: nn.Module) -> Pooled:
        """(N, K, F) -> the cases."""
        logits = _each(head, features)
        return Pooled(logits.mean(dim=1), torch.full_like(logits[..., 0], 1 / features.shape[1]))


class TopPool(CasePool):
    """For each class the mean of its ``top`` highest logits; the shares are those of the last class."""

    def __init__(self, top: int) -> None:
        super().__init__()
        self.top = top

    def forward(self, features: Tensor, head: nn.Module) -> Pooled:
        """(N, K, F) -> the cases."""
        logits = _each(head, features)
        count = min(self.top, features.shape[1])
        highest = logits.topk(count, dim=1)
        shares = torch.zeros_like(logits[..., -1])
        shares.scatter_(1, highest.indices[..., -1], 1 / count)
        return Pooled(highest.values.mean(dim=1), shares)


class AttentionPool(CasePool):
    """Instances weighed by a gated network (Ilse et al. 2018), then the head once for the case."""

    def __init__(self, width: int, inner: int = 64) -> None:
        super().__init__()
        self.content = nn.Linear(width, inner)
        self.gate = nn.Linear(width, inner)
        self.weigh = nn.Linear(inner, 1)

    def forward(self, features: Tensor, head: nn.Module) -> Pooled:
        """(N, K, F) -> the cases."""
        inner = torch.tanh(self.content(features)) * torch.sigmoid(self.gate(features))
        shares = self.weigh(inner)[..., 0].float().softmax(dim=1)
        mean = (features * shares[..., None].to(features.dtype)).sum(dim=1)
        return Pooled(head(mean), shares)


def _each(head: nn.Module, features: Tensor) -> Tensor:
    logits: Tensor = head(features.flatten(0, -2)).unflatten(0, features.shape[:-1])
    return logits

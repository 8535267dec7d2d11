"""The views of an examination together: each against the same view of the other side, and the projections of a side as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.networks.pooling import AttentionPool, CasePool, Pooled


class PairPool(CasePool):
    """From the feature maps of views, left ones mirrored, to the case.

    Args:
        width: channels of the maps.
        views: their names, a side and a projection each: R-CC, L-CC, R-MLO, L-MLO.
        inner: features of a side.
    """

    takes_maps = True

    def __init__(self, width: int, views: Sequence[str], inner: int = 128) -> None:
        super().__init__()
        other = {"R": "L", "L": "R"}
        self._partner = [views.index(other[view[0]] + view[1:]) for view in views]
        self._sides = [[n for n, view in enumerate(views) if view[0] == side] for side in ("R", "L")]
        self.width = inner
        self.compare = nn.Linear(2 * width, inner)
        self.weigh = AttentionPool(inner)

    def forward(self, maps: Tensor, head: nn.Module) -> Pooled:
        """(N, views, F, h, w) -> the cases; a view's share is that of its side, divided among the side's projections."""
        views = self._compared(_power_mean(maps), _power_mean(self._more(maps)))
        sides = torch.stack([views[:, side].mean(dim=1) for side in self._sides], dim=1)
        pooled: Pooled = self.weigh(sides, head)
        shares = maps.new_zeros(maps.shape[:2], dtype=pooled.shares.dtype)
        for number, side in enumerate(self._sides):
            shares[:, side] = pooled.shares[:, number, None] / len(side)
        return Pooled(pooled.logits, shares)

    def cells(self, maps: Tensor) -> Tensor:
        """See :class:`CasePool`; each cell against its partner."""
        return self._compared(maps.movedim(2, -1), self._more(maps).movedim(2, -1))

    def _more(self, maps: Tensor) -> Tensor:
        """What a view shows more than the other side's."""
        return functional.relu(maps - maps[:, self._partner])

    def _compared(self, own: Tensor, more: Tensor) -> Tensor:
        """(..., F) of both -> (..., inner)."""
        return functional.relu(self.compare(torch.cat([own, more], dim=-1)))


def _power_mean(maps: Tensor) -> Tensor:
    """Between mean and maximum (GeM, Radenovic et al. 2018), so that a small lesion is not averaged away."""
    values = maps.float().clamp_min(1e-3)
    mean = (values * values * values).flatten(3).mean(dim=3)
    return torch.exp(torch.log(mean) / 3).to(maps.dtype)

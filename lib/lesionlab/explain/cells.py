"""Where the cells of a layer lie in its input: strided convolutions need not keep them in the middle of what they stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cells:
    """Along one edge: cell n lies at sample ``first + step * n``, samples counted from 0."""

    first: float
    step: float

    @classmethod
    def even(cls, count: int, edge: int) -> Cells:
        """``count`` cells that share an edge: each lies in the middle of its samples, as after pooling."""
        return cls((edge / count - 1) / 2, edge / count)

    @classmethod
    def halved(cls, leads: Iterable[float]) -> Cells:
        """After layers of stride 2: the first output of each lies at ``lead`` of its inputs."""
        first, step = 0.0, 1.0
        for lead in leads:
            first, step = first + step * lead, step * 2
        return cls(first, step)

    def spread(self, maps: Tensor, axis: int, edge: int) -> Tensor:
        """The cells along an axis interpolated linearly at ``edge`` samples; beyond the outermost cells their values go on."""
        count = maps.shape[axis]
        places = ((torch.arange(edge) - self.first) / self.step).clamp(0, count - 1)
        low = places.long().clamp_max(max(count - 2, 0))
        share = (places - low).reshape(-1, *[1] * (maps.ndim - 1 - axis))
        high = (low + 1).clamp_max(count - 1)
        return maps.index_select(axis, low) * (1 - share) + maps.index_select(axis, high) * share

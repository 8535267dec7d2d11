"""A residual U-Net that says at each cell whether a lesion's centre lies there, and how large it is; in 2D and 3D."""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from torch import Tensor, nn

from lesionlab.networks.convolution import Conv3d

Dimension = Literal[2, 3]

#: Image samples along each edge of a cell.
CELL = 2
#: Lesions are rare: networks start by expecting a centre in one cell of a hundred (Lin et al. 2017).
RARE_LOGIT = -4.6
_GROUPS = 8


class HeatmapNet(nn.Module):
    """U-Net over cells of ``CELL`` samples, with answers for each: the logit of a centre of each class, and its logarithmic size.

    Args:
        dimension: 2 or 3.
        inputs: input channels.
        channels: channels of each level, the finest (one place a cell) first.
        classes: classes of lesions.
    """

    def __init__(self, dimension: Dimension, inputs: int, channels: tuple[int, ...], classes: int = 1) -> None:
        super().__init__()
        conv: type[nn.Module] = nn.Conv2d if dimension == 2 else Conv3d
        up: type[nn.Module] = nn.ConvTranspose2d if dimension == 2 else nn.ConvTranspose3d
        self.dimension = dimension
        self.stem = conv(inputs, channels[0], 4, stride=CELL, padding=1)
        self.down = nn.ModuleList(_Block(conv, width) for width in channels)
        self.shrink = nn.ModuleList(conv(a, b, 2, stride=2) for a, b in _pairs(channels))
        self.grow = nn.ModuleList(up(b, a, 2, stride=2) for a, b in _pairs(channels))
        self.join = nn.ModuleList(conv(2 * a, a, 1) for a in channels[:-1])
        self.back = nn.ModuleList(_Block(conv, width) for width in channels[:-1])
        last = conv(channels[0], classes + 1, 1)
        self.head = nn.Sequential(nn.GroupNorm(_GROUPS, channels[0]), nn.SiLU(inplace=True), last)
        bias = last.bias
        assert isinstance(bias, Tensor)
        nn.init.constant_(bias[:-1], RARE_LOGIT)

    @property
    def multiple(self) -> int:
        """What the samples along each edge must be a multiple of."""
        return CELL * int(2 ** (len(self.down) - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, *edges) -> (N, classes + 1, *edges / ``CELL``): logits of centres, logarithm of the size in samples."""
        x = self.stem(x)
        passed = []
        for level, block in enumerate(self.down):
            x = block(x)
            if level < len(self.shrink):
                passed.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.back))):
            x = self.join[level](torch.cat([passed[level], self.grow[level](x)], dim=1))
            x = self.back[level](x)
        answer: Tensor = self.head(x)
        return answer


class _Block(nn.Module):
    """Two convolutions of three samples with group normalisation around an identity (He et al. 2016, pre-activation)."""

    def __init__(self, conv: type[nn.Module], channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(_GROUPS, channels),
            nn.SiLU(inplace=True),
            conv(channels, channels, 3, padding=1, bias=False),
            nn.GroupNorm(_GROUPS, channels),
            nn.SiLU(inplace=True),
            conv(channels, channels, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def centre_loss(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The penalty-reduced focal loss of centres (Law and Deng 2018; Zhou et al. 2019), per centre.

    Args:
        logits: (N, *cells).
        target: the same shape in [0, 1], 1 at centres, falling off around them.
        weight: the same shape; 0 where nothing is known.
    """
    p = torch.sigmoid(logits.float()).clamp(1e-4, 1 - 1e-4)
    centre = target > 0.999
    loss = torch.where(centre, (1 - p) ** 2 * p.log(), (1 - target) ** 4 * p**2 * (1 - p).log())
    return -(loss * weight).sum() / centre.sum().clamp_min(1)


def _pairs(channels: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(channels))

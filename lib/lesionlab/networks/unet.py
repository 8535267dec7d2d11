"""A residual 3D U-Net behind a space-to-depth stem: most of the work is done at half resolution, which suits CPUs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.networks.convolution import Conv3d


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions with group normalisation around an identity (He et al. 2016, pre-activation)."""

    def __init__(self, channels: int, groups: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(groups, channels),
            nn.SiLU(inplace=True),
            Conv3d(channels, channels, 3, padding=1, bias=False),
            nn.GroupNorm(groups, channels),
            nn.SiLU(inplace=True),
            Conv3d(channels, channels, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, R, A, S) -> the same shape."""
        out: Tensor = x + self.body(x)
        return out


class ResidualUNet(nn.Module):
    """U-Net of three levels (Ronneberger et al. 2015; Cicek et al. 2016) on a cube.

    Args:
        inputs: input channels.
        channels: channels at half, quarter and eighth resolution.
        blocks: residual blocks at each level, on the way down and on the way up.
    """

    def __init__(self, inputs: int, channels: tuple[int, int, int] = (32, 64, 160), blocks: int = 1) -> None:
        super().__init__()
        first, second, third = channels
        self.stem = Conv3d(inputs * 8, first, 3, padding=1)
        self.down1 = _blocks(first, blocks)
        self.to2 = Conv3d(first, second, 2, stride=2)
        self.down2 = _blocks(second, blocks)
        self.to3 = Conv3d(second, third, 2, stride=2)
        self.bottom = _blocks(third, 2 * blocks)
        self.up2 = nn.ConvTranspose3d(third, second, 2, stride=2)
        self.join2 = Conv3d(2 * second, second, 1)
        self.level2 = _blocks(second, blocks)
        self.up1 = nn.ConvTranspose3d(second, first, 2, stride=2)
        self.join1 = Conv3d(2 * first, first, 1)
        self.level1 = _blocks(first, blocks)
        self.head = nn.Sequential(nn.GroupNorm(8, first), nn.SiLU(inplace=True), Conv3d(first, 8, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, n, n, n) -> logits (N, 1, n, n, n); n is a multiple of 8."""
        fine = self.down1(self.stem(space_to_depth(x)))
        middle = self.down2(self.to2(fine))
        coarse = self.bottom(self.to3(middle))
        middle = self.level2(self.join2(torch.cat([middle, self.up2(coarse)], dim=1)))
        fine = self.level1(self.join1(torch.cat([fine, self.up1(middle)], dim=1)))
        return depth_to_space(self.head(fine))


def space_to_depth(x: Tensor) -> Tensor:
    """(N, C, 2a, 2b, 2c) -> (N, 8C, a, b, c): each 2x2x2 cell becomes eight channels."""
    n, c, a, b, d = x.shape
    cells = x.reshape(n, c, a // 2, 2, b // 2, 2, d // 2, 2)
    return cells.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(n, c * 8, a // 2, b // 2, d // 2)


def depth_to_space(x: Tensor) -> Tensor:
    """The inverse of :func:`space_to_depth`."""
    n, c, a, b, d = x.shape
    cells = x.reshape(n, c // 8, 2, 2, 2, a, b, d)
    return cells.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(n, c // 8, a * 2, b * 2, d * 2)


def soft_dice_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None, trust: Tensor | None = None) -> Tensor:
    """Mean over the batch of 1 - soft Dice (Milletari et al. 2016), voxels weighted by ``weight``, samples by ``trust``.

    Args:
        logits: (N, 1, n, n, n).
        target: the same shape, in [0, 1].
        weight: the same shape, or None for ones; a factor that is the same for all voxels of a sample changes nothing.
        trust: (N,), or None for ones.
    """
    p = torch.sigmoid(logits.float())
    w = torch.ones_like(p) if weight is None else weight
    axes = tuple(range(1, p.ndim))
    both = (p * target * w).sum(axes)
    total = ((p + target) * w).sum(axes)
    loss = 1 - (2 * both + 1) / (total + 1)
    return loss.mean() if trust is None else (loss * trust).mean()


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean binary cross entropy from logits, voxels weighted by ``weight``."""
    return functional.binary_cross_entropy_with_logits(logits.float(), target, weight=weight)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))

"""A small residual network for volumes."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

from lesionlab.networks.convolution import Conv3d

CHANNELS: Final = (16, 32, 64, 128)


class Small3d(nn.Module):
    """Volumes -> features; each stage halves the edges."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        widths = (channels, *CHANNELS)
        self.blocks = nn.ModuleList(_Block(a, b) for a, b in zip(widths, CHANNELS, strict=False))

    def stages(self, x: Tensor) -> list[Tensor]:
        """The outputs of the four stages of inputs (N, channels, D, H, W), fine to coarse."""
        outputs: list[Tensor] = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return outputs

    def parts(self) -> list[nn.Module]:
        """The stages, from the input on."""
        return list(self.blocks)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = Conv3d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.first_norm = nn.GroupNorm(8, outputs)
        self.second = Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.GroupNorm(8, outputs)
        self.skip = Conv3d(inputs, outputs, 1, stride=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.skip(x))

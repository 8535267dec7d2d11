"""The backbones of a classifier behind one interface: stages for heads, explanations and freezing."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from torch import Tensor, nn

from lesionlab.errors import NotFoundError
from lesionlab.explain.cells import Cells
from lesionlab.networks import efficientnet, small3d, vgg
from lesionlab.networks.names import BodyName


class Body(nn.Module):
    """A backbone.

    Attributes:
        widths: channels of each output of ``stages``.
        telling: the stages (their indices) whose maps show where something is: fine enough, and late enough to mean something.
        halves: whether bfloat16 is faster on a CPU that multiplies it; separable convolutions wait for memory, not for it.
    """

    widths: tuple[int, ...]
    telling: tuple[int, ...]
    halves: bool = False

    @abstractmethod
    def stages(self, x: Tensor) -> list[Tensor]:
        """The stages' outputs of inputs (N, channels, *edges) in [-1, 1], fine to coarse; the last ones go to the head."""

    @abstractmethod
    def parts(self) -> list[nn.Module]:
        """What can be frozen, or learn more slowly: from the input on."""

    @abstractmethod
    def stage_module(self, number: int) -> nn.Module:
        """The module whose output is that of a stage."""

    @abstractmethod
    def cells(self, number: int, edge: int) -> Cells:
        """Where the cells of a stage lie along an edge of the input."""

    @abstractmethod
    def load_imagenet(self, file: Path | None) -> None:
        """Start from ImageNet. Raises NotFoundError when there are no such weights."""


class LiteBody(Body):
    """EfficientNet-Lite0, or its first ``depth`` stages."""

    def __init__(self, channels: int, depth: int | None = None) -> None:
        super().__init__()
        self.network = efficientnet.EfficientNetLite0(channels, 0, depth=depth)
        self.widths = (*efficientnet.CHANNELS, 1280) if depth is None else efficientnet.CHANNELS[:depth]
        # The maps of both together have their maximum in 20 of 20 simulated ultrasound lesions, of each alone in 18.
        self.telling = tuple(n for n in (4, 5) if n < len(self.widths)) or (len(self.widths) - 1,)

    def stages(self, x: Tensor) -> list[Tensor]:
        """All stages, and the last 1280 channels if none is left out."""
        return self.network.features(x)

    def parts(self) -> list[nn.Module]:
        """Stem, stages, top."""
        top = [] if self.network.top is None else [self.network.top]
        return [self.network.stem, *self.network.stages, *top]

    def stage_module(self, number: int) -> nn.Module:
        """A stage, or the top."""
        return self.parts()[1:][number]

    def cells(self, number: int, edge: int) -> Cells:
        """See :func:`efficientnet.cells`; the top's are the last stage's."""
        return efficientnet.cells(min(number, len(efficientnet.STRIDES) - 1), edge)

    def load_imagenet(self, file: Path | None) -> None:
        """From the package."""
        self.network.load_imagenet()


class VggBody(Body):
    """The convolutions of VGG-16."""

    widths = vgg.CHANNELS
    telling = (3,)
    halves = True

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.network = vgg.Vgg16(channels, 0)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Five blocks. From [-1, 1] to the scale of ImageNet, whose channels have means of 0.45 and deviations of 0.225."""
        return self.network.stages(((x + 1) / 2 - 0.45) / 0.225)

    def parts(self) -> list[nn.Module]:
        """Five blocks."""
        return self.network.parts()

    def stage_module(self, number: int) -> nn.Module:
        """The last layer of a block."""
        block = self.network.parts()[number]
        assert isinstance(block, nn.Sequential)
        return block[-1]

    def cells(self, number: int, edge: int) -> Cells:
        """Pooling keeps them in the middle of their samples."""
        return Cells.halved([0.5] * number)

    def load_imagenet(self, file: Path | None) -> None:
        """From the file."""
        if file is None:
            raise NotFoundError(
                "VGG-16 has no ImageNet weights of its own here",
                got="pretrained: imagenet without a file",
                expected="network.file, the public state dictionary",
                hint="name the file in the task, or set pretrained: none",
            )
        self.network.load_public(file)


class VolumeBody(Body):
    """The small network for volumes."""

    widths = small3d.CHANNELS
    telling = (2,)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.network = small3d.Small3d(channels)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Four stages."""
        return self.network.stages(x)

    def parts(self) -> list[nn.Module]:
        """Four stages."""
        return self.network.parts()

    def stage_module(self, number: int) -> nn.Module:
        """A stage."""
        return self.network.blocks[number]

    def cells(self, number: int, edge: int) -> Cells:
        """Each stage takes every other sample, from the first on."""
        return Cells.halved([0] * (number + 1))

    def load_imagenet(self, file: Path | None) -> None:
        """There are none."""
        raise NotFoundError("no ImageNet weights fit a network for volumes", expected="pretrained: none")


def build_body(name: BodyName, channels: int, depth: int | None = None) -> Body:
    """A backbone with random weights for inputs of so many channels; of EfficientNet-Lite0 the first ``depth`` stages, or all."""
    if name == "efficientnet_lite0":
        return LiteBody(channels, depth)
    return VggBody(channels) if name == "vgg16" else VolumeBody(channels)

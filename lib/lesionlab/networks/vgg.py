"""VGG-16 (Simonyan and Zisserman 2015), with the names of the usual public state dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from lesionlab.errors import InputError, NotFoundError
from lesionlab.networks.weights import load_network, read_tensors

#: Channels of the convolutions of each block; a pooling follows each block.
_BLOCKS: Final = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
#: Channels of each block's output.
CHANNELS: Final = tuple(block[-1] for block in _BLOCKS)
_POOLED = 7
_DENSE = 4096


class Vgg16(nn.Module):
    """Planes -> logits.

    Args:
        channels: of the input.
        classes: logits; 0 leaves out the three dense layers.
    """

    def __init__(self, channels: int = 3, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self._ends: list[int] = []
        width = channels
        for block in _BLOCKS:
            for outputs in block:
                layers += [nn.Conv2d(width, outputs, 3, padding=1), nn.ReLU(inplace=True)]
                width = outputs
            self._ends.append(len(layers))
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(_POOLED)
        self.classifier = _dense(width, classes) if classes else nn.Identity()
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):  # thirteen layers without norms learn from no other start (He et al. 2015)
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def stages(self, x: Tensor) -> list[Tensor]:
        """The outputs of the five blocks before they are pooled, fine (stride 1) to coarse (stride 16)."""
        outputs = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number + 1 in self._ends:
                outputs.append(x)
        return outputs

    def parts(self) -> list[nn.Module]:
        """The five blocks, from the input on."""
        starts = [0, *(end + 1 for end in self._ends)]
        return [self.features[start:end] for start, end in zip(starts, self._ends, strict=False)]

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), each channel less its mean over its deviation in ImageNet -> (N, classes)."""
        logits: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return logits

    def load_public(self, path: Path) -> None:
        """Start from a file with ``features.0.weight`` to ``classifier.6.bias``; what this network has not is left out.

        Colour filters are summed for a network with one channel.

        Raises:
            NotFoundError: there is no file.
            InputError: it is no state dictionary of VGG-16.
        """
        tensors = _read(path)
        own = self.state_dict()
        first = tensors.get("features.0.weight")
        if first is not None and first.shape[1] != own["features.0.weight"].shape[1]:
            count = own["features.0.weight"].shape[1]
            mean = first.mean(dim=1, keepdim=True) * first.shape[1] / count
            tensors["features.0.weight"] = mean.expand(-1, count, -1, -1)
        if not any(key.startswith("classifier") for key in own):
            tensors = {key: value for key, value in tensors.items() if not key.startswith("classifier")}
        load_network(self, tensors)


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path)[0]
    if not path.is_file():
        raise NotFoundError("there are no weights", got=str(path), expected="a .safetensors or .pth file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its parser meets
        raise InputError("the weights cannot be read", got=str(path), hint=str(error).split("\n")[0]) from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError("the weights are no state dictionary", got=str(path), expected="names and tensors")
    return dict(content)


def _dense(width: int, classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width * _POOLED * _POOLED, _DENSE), nn.ReLU(inplace=True), nn.Dropout(),
        nn.Linear(_DENSE, _DENSE), nn.ReLU(inplace=True), nn.Dropout(),
        nn.Linear(_DENSE, classes),
    )  # fmt: skip

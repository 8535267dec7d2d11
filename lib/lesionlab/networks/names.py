"""What networks are called in settings; apart from the networks, so that settings are read without PyTorch."""

from __future__ import annotations

from typing import Literal

#: Bodies that start from ImageNet: the Lite variants of EfficientNet.
LiteName = Literal["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]
#: The bodies of detectors.
HeatmapBody = Literal["residual", LiteName]
#: The bodies of classifiers.
BodyName = Literal[LiteName, "vgg16", "small3d"]

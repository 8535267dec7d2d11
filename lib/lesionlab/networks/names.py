"""What networks are called in settings; apart from the networks, so that settings are read without PyTorch."""

from __future__ import annotations

from typing import Literal

#: The bodies of detectors.
HeatmapBody = Literal["residual", "efficientnet_lite0"]
#: The bodies of classifiers.
BodyName = Literal["efficientnet_lite0", "vgg16", "small3d"]

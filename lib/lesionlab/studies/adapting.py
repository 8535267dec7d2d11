"""Batch-norm adaptation: the statistics of a network's batch normalisation follow the images of another site.

Sources: Li et al. 2018 (adaptive batch normalisation); Schneider et al. 2020 (old and new statistics mixed by how many
images there are). It needs no labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

#: The old statistics count as much as so many new images (Schneider et al. 2020).
_OLD = 16


def normalisations(networks: Sequence[nn.Module]) -> list[nn.BatchNorm2d | nn.BatchNorm3d]:
    """The layers that can be adapted; those after the pooling see one value for each image, which has no spread."""
    found: list[nn.BatchNorm2d | nn.BatchNorm3d] = []
    for network in networks:
        found += [
            m for m in network.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d) and m.track_running_stats
        ]
    return found


def adapt(networks: Sequence[nn.Module], look_at_all: Callable[[], object], images: int) -> bool:
    """Adapt networks in place.

    Args:
        networks: in evaluation mode; they stay so.
        look_at_all: lets them answer all images of the new site.
        images: how many these are.

    Returns:
        Whether there was anything to adapt.
    """
    layers = normalisations(networks)
    old = [(_copy(layer.running_mean), _copy(layer.running_var), layer.momentum) for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all images instead of a moving one
        layer.train()
    try:
        if layers:
            look_at_all()
    finally:
        share = images / (images + _OLD)
        for layer, (mean, variance, momentum) in zip(layers, old, strict=True):
            layer.eval()
            layer.momentum = momentum
            _mix(layer.running_mean, mean, share)
            _mix(layer.running_var, variance, share)
    return bool(layers)


def _copy(statistic: torch.Tensor | None) -> torch.Tensor:
    assert statistic is not None
    return statistic.clone()


@torch.no_grad()
def _mix(new: torch.Tensor | None, old: torch.Tensor, share: float) -> None:
    assert new is not None
    new.copy_(share * new + (1 - share) * old)

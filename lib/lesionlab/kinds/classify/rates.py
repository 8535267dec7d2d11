"""Discriminative learning rates (Howard and Ruder 2018): the head learns fast, the pre-trained backbone slowly."""

from __future__ import annotations

from typing import Any

from torch import nn

from lesionlab.kinds.classify.task import TrainingSettings
from lesionlab.networks.classifier import Classifier, Ensemble


def parameter_groups(network: nn.Module, settings: TrainingSettings) -> list[dict[str, Any]]:
    """Groups for an optimiser, one for each rate; vectors (biases, norms) are not pulled to zero, frozen parts are left out."""
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    members = network.members if isinstance(network, Ensemble) else [network]
    for member in members:
        assert isinstance(member, Classifier)
        for module, share in _parts(member, settings):
            for parameter in module.parameters():
                if parameter.requires_grad:
                    decay = settings.weight_decay if parameter.ndim > 1 else 0.0
                    found.setdefault((share * settings.learning_rate, decay), []).append(parameter)
    return [{"params": some, "lr": rate, "weight_decay": decay} for (rate, decay), some in found.items() if rate > 0]


def _parts(member: Classifier, settings: TrainingSettings) -> list[tuple[nn.Module, float]]:
    parts = member.body.parts()
    shares = [settings.backbone_rate * settings.decay ** (len(parts) - 1 - n) for n in range(len(parts))]
    rest: list[nn.Module] = [member.pool, member.head]
    rest += [] if member.outline is None else [member.outline]
    return [*zip(parts, shares, strict=True), *((module, 1.0) for module in rest)]

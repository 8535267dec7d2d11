"""A backbone, the pooling of a case's instances, and a head; and an ensemble of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from lesionlab.networks.bodies import Body
from lesionlab.networks.outlines import OutlineHead
from lesionlab.networks.pooling import CasePool, Pooled


class Answer(NamedTuple):
    """``logits`` (N, classes) and ``features`` (N, F) of cases, ``shares`` (N, K) of instances; in training, where asked for,
    ``outline`` (N * K, 1, h, w) and ``evidence`` (N * K, classes, h, w): the logits of each cell of the last stage by itself.
    """

    logits: Tensor
    shares: Tensor
    features: Tensor
    outline: Tensor | None = None
    evidence: Tensor | None = None


class Classifier(nn.Module):
    """Cases of one or more instances -> logits.

    Args:
        body: the backbone.
        pool: from features (N, K, F) or, when it ``takes_maps``, (N, K, F, *cells), and the head, to the cases.
        head: features (N, F) -> logits.
        frozen: parts of the body from the input on that do not learn.
        outlines: whether a lesion's outline can be drawn too, as a second task in training.
        points: whether training learns where the evidence lies.
    """

    def __init__(
        self,
        body: Body,
        pool: CasePool,
        head: nn.Module,
        frozen: int = 0,
        outlines: bool = False,
        points: bool = False,
    ) -> None:
        super().__init__()
        self.body, self.pool, self.head = body, pool, head
        self._frozen, self.points = frozen, points
        self.outline = OutlineHead(body.widths) if outlines else None
        for part in body.parts()[:frozen]:
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Frozen parts keep their statistics too."""
        super().train(mode)
        for part in self.body.parts()[: self._frozen]:
            part.eval()
        return self

    def forward(self, x: Tensor) -> Answer:
        """(N, K, C, *edges) in [-1, 1] -> the cases."""
        instances = x.flatten(0, 1)
        if instances.ndim == 4:
            instances = instances.contiguous(memory_format=torch.channels_last)
        stages = self.body.stages(instances)
        outline = None if self.outline is None or not self.training else self.outline(stages)
        maps = stages[-1].reshape(*x.shape[:2], *stages[-1].shape[1:])
        features = maps.flatten(3).mean(dim=3)
        pooled: Pooled = self.pool(maps if self.pool.takes_maps else features, self.head)
        shares = pooled.shares.to(features.dtype)[..., None]
        case = (features * shares).sum(dim=1)
        evidence = self.pool.evidence(maps, self.head).flatten(0, 1) if self.points and self.training else None
        return Answer(pooled.logits.float(), pooled.shares.float(), case.float(), outline, evidence)


class Ensemble(nn.Module):
    """Members of the same make; in training each gets a batch of its own."""

    def __init__(self, members: Sequence[Classifier]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> list[Answer]:
        """(M, N, K, C, *edges): a batch for each member -> their answers."""
        return [member(batch) for member, batch in zip(self.members, x, strict=True)]


def build_head(width: int, classes: int, dense: int | None, batch_norm: bool, dropout: float) -> nn.Sequential:
    """Dropout and class scores, after a dense layer with or without batch normalisation when ``dense``."""
    layers: list[nn.Module] = []
    if dense is not None:
        layers.append(nn.Linear(width, dense))
        layers += [nn.BatchNorm1d(dense)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
        width = dense
    last = nn.Linear(width, classes)
    with torch.no_grad():
        last.weight.mul_(0.1)
        last.bias.zero_()
    return nn.Sequential(*layers, nn.Dropout(dropout), last)

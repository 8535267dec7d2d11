"""Grad-CAM: where the features lie that a number rests on, in 2D and 3D."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.errors import InputError
from lesionlab.explain.subject import Subject

#: Views that are looked at together; bounds the memory of a volume that is seen slice by slice.
BATCH = 8


def gradcam(subject: Subject, layer: str | None = None) -> Tensor:
    """The features of a layer, each weighted by how much the number rises with it, summed, and clipped below 0.

    The weight of a feature is the mean of its gradient over the layer (Selvaraju et al. 2017); for a subject that is not
    ``pooled``, its gradient at each cell (HiResCAM, Draelos and Carin 2020).

    Args:
        subject: what is explained.
        layer: the dotted name of a module of the network; None means the subject's own.

    Returns:
        (N, *edges), >= 0, in the unit of the number; interpolated from the layer's cells to the inputs' samples.

    Raises:
        InputError: the network has no such layer, or its answer is not made of places.
    """
    return gradcam_and_number(subject, layer)[0]


def gradcam_and_number(subject: Subject, layer: str | None = None) -> tuple[Tensor, float]:
    """As :func:`gradcam`, with the number of all views together, which comes out on the way."""
    own = subject.apart()
    weights = subject.view_weights.tolist()
    maps, number = [], 0.0
    for start in range(0, len(subject.inputs), BATCH):
        part = slice(start, start + BATCH)
        features, gradients, numbers = _felt(own, layer or subject.layer, subject.inputs[part])
        number += float((numbers * torch.tensor(weights[part])).sum())
        signs = torch.tensor(weights[part]).reshape(-1, *[1] * (features.ndim - 1))
        if subject.pooled:
            gradients = gradients.mean(dim=tuple(range(2, features.ndim)), keepdim=True)
        heat = (signs * gradients * features).sum(dim=1, keepdim=True).clamp_min(0)
        mode = "bilinear" if heat.ndim == 4 else "trilinear"
        maps.append(functional.interpolate(heat, subject.inputs.shape[2:], mode=mode, align_corners=False)[:, 0])
    return torch.cat(maps), number


def _felt(subject: Subject, layer: str, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A layer's features for some views and the gradients of their numbers, both (N, K, *cells), and the numbers (N,)."""
    module = _layer(subject.network, layer)
    seen: list[Tensor] = []
    half = torch.autocast(inputs.device.type, torch.bfloat16, enabled=subject.halves)
    with torch.enable_grad(), half, _replaced(module, seen):
        numbers = subject.numbers(inputs)
    if not seen or seen[-1].ndim != inputs.ndim:
        raise InputError(f"layer {layer!r} has no places to map", got="an answer without edges, or none")
    (gradient,) = torch.autograd.grad(numbers.sum(), seen[-1])
    return seen[-1].detach().float(), gradient.float(), numbers.detach()


@contextmanager
def _replaced(module: nn.Module, seen: list[Tensor]) -> Iterator[None]:
    """Keep what a module answers, as leaves of a new graph, so that nothing before it is remembered for gradients."""

    def keep(_: nn.Module, __: object, answer: Tensor) -> Tensor:
        seen.append(answer.detach().requires_grad_())
        return seen[-1].clone()  # an activation that follows may write over it

    hook = module.register_forward_hook(keep)
    try:
        yield
    finally:
        hook.remove()


def _layer(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError as error:
        names = ", ".join(known for known, _ in network.named_modules() if known)
        raise InputError("the network has no such layer", got=name, expected=f"one of {names}") from error

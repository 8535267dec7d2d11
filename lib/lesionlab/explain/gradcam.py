"""Grad-CAM: where the features lie that a number rests on, in 2D and 3D."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.explain.cells import Cells
from lesionlab.explain.subject import Layer, Subject

#: Views that are looked at together; bounds the memory of a volume that is seen slice by slice.
BATCH = 8


def gradcam(subject: Subject) -> Tensor:
    """The features of a layer, each weighted by how much the number rises with it, summed, and clipped below 0.

    The weight of a feature is the mean of its gradient over the layer (Selvaraju et al. 2017); for a subject that is not
    ``pooled``, its gradient at each cell (HiResCAM, Draelos and Carin 2020). Of several layers the geometric mean: what only
    one of them shows, such as every edge in a finer one, is gone.

    Returns:
        (N, *edges), >= 0, in the unit of the number; interpolated from the layers' cells to the inputs' samples.

    Raises:
        InputError: the network has no such layer, or its answer is not made of places.
    """
    return gradcam_and_number(subject)[0]


def gradcam_and_number(subject: Subject) -> tuple[Tensor, float]:
    """As :func:`gradcam`, with the number of all views together, which comes out on the way."""
    own = subject.apart()
    maps, number = [], 0.0
    for start in range(0, len(subject.inputs), BATCH):
        part = slice(start, start + BATCH)
        felt, numbers = _felt(own, subject.inputs[part])
        signs = subject.view_weights[part]
        number += float((numbers * signs).sum())
        heats = [_heat(layer, one, signs, subject) for layer, one in zip(own.layers, felt, strict=True)]
        maps.append(torch.stack(heats).pow(1 / len(heats)).prod(dim=0))
    return torch.cat(maps), number


@dataclass(frozen=True, eq=False)
class _Felt:
    """A layer's features for some views, and the gradients of their numbers; both (N, K, *cells)."""

    features: Tensor
    gradients: Tensor


def _heat(layer: Layer, felt: _Felt, signs: Tensor, subject: Subject) -> Tensor:
    """(N, *edges) of one layer."""
    axes = tuple(range(2, felt.features.ndim))
    rise = felt.gradients.mean(dim=axes, keepdim=True) if subject.pooled else felt.gradients
    signs = signs.repeat_interleave(len(felt.features) // len(signs)).reshape(-1, *[1] * (len(axes) + 1))
    heat = (signs * rise * felt.features).sum(dim=1).clamp_min(0)
    edges = layer.edges or tuple(subject.inputs.shape[2:])
    cells = layer.cells or tuple(Cells.even(n, edge) for n, edge in zip(heat.shape[1:], edges, strict=True))
    for axis, (along, edge) in enumerate(zip(cells, edges, strict=True), start=1):
        heat = along.spread(heat, axis, edge)
    return heat if layer.upright is None else layer.upright(heat)


def _felt(subject: Subject, inputs: Tensor) -> tuple[list[_Felt], Tensor]:
    """What each layer holds, and the numbers (N,)."""
    seen: dict[str, Tensor] = {}
    half = torch.autocast(inputs.device.type, torch.bfloat16, enabled=subject.halves)
    with torch.enable_grad(), half, ExitStack() as hooks:
        for layer in subject.layers:
            hooks.enter_context(_kept(_module(subject.network, layer.name), layer.name, seen))
        numbers = subject.numbers(inputs)
    names = [layer.name for layer in subject.layers]
    for name in names:
        if name not in seen or seen[name].ndim != inputs.ndim:
            raise InputError(f"layer {name!r} has no places to map", got="an answer without edges, or none")
    features = [seen[name] for name in names]
    gradients = torch.autograd.grad(numbers.sum(), features)
    felt = [_Felt(one.detach().float(), g.float()) for one, g in zip(features, gradients, strict=True)]
    return felt, numbers.detach()


@contextmanager
def _kept(module: nn.Module, name: str, seen: dict[str, Tensor]) -> Iterator[None]:
    """Keep what a module answers. What the first one answers begins the graph: nothing before it is remembered for gradients."""

    def keep(_: nn.Module, __: object, answer: Tensor) -> Tensor:
        seen[name] = answer if answer.requires_grad else answer.detach().requires_grad_()
        return seen[name].clone()  # an activation that follows may write over it

    hook = module.register_forward_hook(keep)
    try:
        yield
    finally:
        hook.remove()


def _module(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError as error:
        names = ", ".join(known for known, _ in network.named_modules() if known)
        raise InputError("the network has no such layer", got=name, expected=f"one of {names}") from error

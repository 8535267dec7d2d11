"""What is explained: one number that a network makes of its input."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.errors import InternalError
from lesionlab.explain.cells import Cells


@dataclass(frozen=True, eq=False)
class Layer:
    """A module whose features Grad-CAM reads, and where they lie.

    Attributes:
        name: dotted.
        cells: where its cells lie along each edge; None: they share the edges evenly.
        edges: of what it sees, where that is not the whole input but its parts, one by one; None: the input's.
        upright: (N * parts, *edges) -> the maps of the N inputs, where the layer sees them in parts or mirrored.
    """

    name: str
    cells: tuple[Cells, ...] | None = None
    edges: tuple[int, ...] | None = None
    upright: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, what it saw, and which number of its answer is asked about.

    An image that is seen as several views (the slices of a volume, one by one) is a batch; its number is the sum of the
    views' numbers, each times its weight. The number should be a logit: probabilities near 0 or 1 leave no gradient.

    Attributes:
        network: in evaluation mode; answers each view of a batch by itself.
        inputs: (N, C, *edges), float32, two or three edges; N views.
        target: an answer for M views -> (M,), the number, differentiable.
        layers: whose features Grad-CAM reads.
        baselines: (B, C, *edges), or (B, N, C, *edges) when they differ between views: inputs that show nothing.
        low: the least value that an input can have.
        high: the largest.
        threshold: the number at which the answer turns.
        weights: (N,), how much each view counts; None means 1 each.
        pooled: whether Grad-CAM takes the mean of a feature's gradient over the layer; not for the number of one small place,
            which would light up every other place with the same features.
        halves: whether Grad-CAM may compute in bfloat16, as the answer itself is computed.
    """

    network: nn.Module
    inputs: Tensor
    target: Callable[[Tensor], Tensor]
    layers: tuple[Layer, ...]
    baselines: Tensor
    low: float
    high: float
    threshold: float = 0.0
    weights: Tensor | None = None
    pooled: bool = True
    halves: bool = False

    def __post_init__(self) -> None:
        views, edges = self.inputs.shape[0], self.inputs.shape[1:]
        wanted = edges if self.baselines.ndim == self.inputs.ndim else self.inputs.shape
        if self.baselines.shape[1:] != wanted:
            raise InternalError("the baselines do not fit the inputs", got=tuple(self.baselines.shape))
        if self.weights is not None and self.weights.shape != (views,):
            raise InternalError("the weights do not fit the views", got=tuple(self.weights.shape))

    @property
    def view_weights(self) -> Tensor:
        """(N,)."""
        return torch.ones(len(self.inputs)) if self.weights is None else self.weights

    def numbers(self, inputs: Tensor) -> Tensor:
        """The number for each of M inputs, (M,)."""
        return self.target(self.network(inputs).float())

    def apart(self) -> Subject:
        """The same subject with a network of its own; see :func:`apart`."""
        return replace(self, network=apart(self.network))


def apart(network: nn.Module) -> nn.Module:
    """A network of its own around the same weights: frozen, in evaluation mode, free of hooks.

    Hooks and gradients there never meet the requests that the original answers at the same time in other threads.
    The weights' memory is shared, not copied.
    """
    return _twin(network, {}).eval()


def _twin(module: nn.Module, known: dict[int, nn.Module]) -> nn.Module:
    # copy.deepcopy would do too, but takes longer than a network's answer.
    if id(module) not in known:
        own = known[id(module)] = copy.copy(module)
        state = vars(own)
        state.update(
            {name: OrderedDict() for name, value in state.items() if "hooks" in name and isinstance(value, dict)}
        )
        frozen = {
            k: p if p is None else nn.Parameter(p.detach(), requires_grad=False) for k, p in own._parameters.items()
        }
        buffers = {k: b if b is None else b.detach() for k, b in own._buffers.items()}
        modules = {k: m if m is None else _twin(m, known) for k, m in own._modules.items()}
        state.update(_parameters=frozen, _buffers=buffers, _modules=modules)
    return known[id(module)]


def joined(subjects: Sequence[Subject]) -> Subject:
    """An ensemble as one subject whose number is the mean of its members' numbers; all saw the same inputs."""
    first = subjects[0]
    return first if len(subjects) == 1 else replace(first, network=_Mean(subjects), target=lambda numbers: numbers)


class _Mean(nn.Module):
    def __init__(self, subjects: Sequence[Subject]) -> None:
        super().__init__()
        self.members = nn.ModuleList(subject.network for subject in subjects)
        self._targets = [subject.target for subject in subjects]

    def forward(self, x: Tensor) -> Tensor:
        numbers = [target(member(x).float()) for member, target in zip(self.members, self._targets, strict=True)]
        return torch.stack(numbers).mean(dim=0)


def low_passed(inputs: Tensor, width: int) -> Tensor:
    """Inputs (N, C, *edges) with what is finer than ``width`` samples gone: the mean of as many along each edge."""
    edges = inputs.ndim - 2
    pool = functional.avg_pool2d if edges == 2 else functional.avg_pool3d
    reach = width // 2
    out = inputs
    for axis in range(edges):
        kernel = [1] * edges
        kernel[axis] = 2 * reach + 1
        pads = [0] * (2 * edges)
        pads[2 * (edges - 1 - axis)] = pads[2 * (edges - 1 - axis) + 1] = reach
        out = pool(functional.pad(out, pads, mode="replicate"), kernel, stride=1)
    return out

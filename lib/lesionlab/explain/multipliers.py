"""Gradients that become DeepLIFT's multipliers, for whatever a network computes, not only for modules that are known.

Within :class:`Multipliers`, batches hold inputs in their first half and the baselines of the same inputs in their second. Each
operation that is not linear answers with its true value, but passes back the slope between both halves instead of its
gradient: a curve by its secant (the rescale rule), a product by half of either order (its Shapley value), a norm by the
mean, the products and the root that it is made of, the largest of a window by the secant of the sample that makes the
difference. So the parts always sum to the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

#: Of its size: a difference below this has no secant that could be trusted in single precision.
_TINY = 1e-4

_CURVES: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu, functional.relu6, functional.leaky_relu, functional.elu, functional.celu, functional.selu,
        functional.gelu, functional.silu, functional.mish, functional.softplus, functional.hardtanh,
        functional.hardswish, functional.hardsigmoid, functional.logsigmoid, functional.sigmoid, functional.tanh,
        torch.relu, torch.sigmoid, torch.tanh, torch.exp, torch.log, torch.sqrt, torch.rsqrt, torch.clamp, torch.square,
        torch.reciprocal, Tensor.relu, Tensor.sigmoid, Tensor.tanh, Tensor.exp, Tensor.log, Tensor.sqrt, Tensor.rsqrt,
        Tensor.clamp, Tensor.clamp_min, Tensor.clamp_max, Tensor.square, Tensor.reciprocal, Tensor.abs, torch.abs,
    }
)  # fmt: skip
_PRODUCTS: frozenset[Callable[..., Any]] = frozenset(
    {torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__, torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm}
)
_QUOTIENTS: frozenset[Callable[..., Any]] = frozenset({torch.div, Tensor.div, Tensor.__truediv__})
_POOLS: dict[Callable[..., Any], Callable[..., Any]] = {
    functional.max_pool2d: functional.max_pool2d_with_indices,
    functional.max_pool3d: functional.max_pool3d_with_indices,
}


class Multipliers(TorchFunctionMode):
    """See above. Operations that are neither linear nor known here keep their gradient, which completeness will show."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What is called instead of ``func``."""
        given = dict(kwargs or {})
        if func in _CURVES:
            given.pop("inplace", None)
            return curve(lambda x: func(x, *args[1:], **given), args[0])
        if func in _PRODUCTS and _both_vary(args):
            return product(func, args[0], args[1])
        if func in _QUOTIENTS and _both_vary(args):
            return product(torch.mul, args[0], curve(torch.reciprocal, args[1]))
        if func in _POOLS:
            given.pop("return_indices", None)
            return _largest(_POOLS[func], *args, **given)
        if func in (functional.group_norm, functional.layer_norm):
            return _normed(func, *args, **given)
        if func in (functional.softmax, torch.softmax, Tensor.softmax):
            return _softmax(*args, **given)
        return func(*args, **given)


def curve(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A function of each value by itself."""
    y = function(x.detach())
    with torch.no_grad():
        ours, base = x.chunk(2)
        difference = ours - base
        small = difference.abs() <= _TINY * (ours.abs() + base.abs()) + 1e-12
        secant = (y[: len(ours)] - y[len(ours) :]) / torch.where(small, torch.ones_like(difference), difference)
    if bool(small.any()):
        secant = torch.where(small, _tangent(function, (ours + base) / 2), secant)
    return _passing(y, x * torch.cat([secant, secant]))


def product(function: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """A bilinear function of two values that both vary."""
    y = function(a.detach(), b.detach())
    return _passing(y, function(a, _middle(b)) + function(_middle(a), b))


def _passing(value: Tensor, way: Tensor) -> Tensor:
    """``value``, with the gradient of ``way``."""
    return way + (value - way).detach()


def _middle(x: Tensor) -> Tensor:
    ours, base = x.detach().chunk(2)
    mean = (ours + base) / 2
    return torch.cat([mean, mean])


def _tangent(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        at = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(function(at).sum(), at)
    return slope


def _both_vary(args: tuple[Any, ...]) -> bool:
    return all(isinstance(x, Tensor) and x.requires_grad for x in args[:2])


def _largest(pool: Callable[..., tuple[Tensor, Tensor]], x: Tensor, *args: Any, **given: Any) -> Tensor:
    y, index = pool(x.detach(), *args, **given)
    with torch.no_grad():
        rise = torch.sub(*y.chunk(2))
        ours, base = index.chunk(2)
        place = torch.where(rise > 0, ours, base).flatten(2)
        change = torch.sub(*x.flatten(2).chunk(2)).gather(2, place).reshape(rise.shape)
        slope = torch.where(change == 0, torch.ones_like(rise), rise / change)
    taken = x.flatten(2).gather(2, torch.cat([place, place])).reshape(y.shape)
    return _passing(y, taken * torch.cat([slope, slope]))


def _normed(
    func: Callable[..., Tensor],
    x: Tensor,
    groups: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    if func is functional.group_norm:
        parts = x.reshape(len(x), groups, -1)
        channels = (1, -1, *[1] * (x.ndim - 2))
        scale = None if weight is None else weight.reshape(channels)
        shift = None if bias is None else bias.reshape(channels)
    else:
        parts = x.flatten(x.ndim - len(groups))
        scale, shift = weight, bias
    centred = parts - parts.mean(dim=-1, keepdim=True)
    variance = product(torch.mul, centred, centred).mean(dim=-1, keepdim=True)
    root = curve(lambda v: torch.rsqrt(v + eps), variance)
    y = product(torch.mul, centred, root).reshape(x.shape)
    y = y if scale is None else y * scale
    return y if shift is None else y + shift


def _softmax(x: Tensor, dim: int = -1, **_: Any) -> Tensor:
    largest = torch.maximum(*x.detach().amax(dim=dim, keepdim=True).chunk(2))
    powers = curve(torch.exp, x - torch.cat([largest, largest]))
    return product(torch.mul, powers, curve(torch.reciprocal, powers.sum(dim=dim, keepdim=True)))

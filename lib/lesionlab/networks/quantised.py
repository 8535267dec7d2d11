"""Weights in a quarter of their size: integers of 8 bits with one scale for each output channel."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

#: Tensors with fewer numbers than this, and vectors, are kept in half precision.
_SMALL = 1024
_SCALE = "#scale"
_LEVELS = 127


def quantise(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Large floating tensors become int8 along with float16 scales under their name and ``#scale``.

    A value then differs by at most half a step, max|row| / 254, plus the rounding of its scale (2^-11 of the value).
    """
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            stored[name] = tensor
        elif tensor.ndim < 2 or tensor.numel() < _SMALL:
            stored[name] = _half(tensor)
        else:
            rows = tensor.detach().float().flatten(1)
            scale = _half((rows.abs().amax(dim=1) / _LEVELS).clamp_min(1e-7))
            whole = (rows / scale.float()[:, None]).round().clamp(-_LEVELS, _LEVELS)
            stored[name] = whole.to(torch.int8).reshape(tensor.shape)
            stored[name + _SCALE] = scale
    return stored


def restore(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that :func:`quantise` stored, in single precision; others as they are."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        scale = stored.get(name + _SCALE)
        if name.endswith(_SCALE):
            continue
        if scale is not None:
            rows = tensor.float().flatten(1) * scale.float()[:, None]
            tensors[name] = rows.reshape(tensor.shape)
        else:
            tensors[name] = tensor.float() if tensor.is_floating_point() else tensor
    return tensors


def _half(tensor: Tensor) -> Tensor:
    largest = torch.finfo(torch.float16).max
    return tensor.detach().float().clamp(-largest, largest).half()

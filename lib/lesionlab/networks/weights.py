"""Weights on disk: safetensors with their metadata, written at once or not at all; never pickle."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lesionlab.errors import InputError, NotFoundError


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors by way of a temporary file beside ``path``, so that a reader never sees half of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        save_file({key: value.detach().contiguous() for key, value in tensors.items()}, name, dict(metadata))
        Path(name).chmod(0o644)  # a temporary file is private
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a file.

    Raises:
        NotFoundError: when there is no such file.
        InputError: when it is no safetensors file.
    """
    if not path.is_file():
        raise NotFoundError("there are no weights", got=str(path), expected="a .safetensors file")
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            "the weights cannot be read", got=str(path), expected="a .safetensors file", hint=str(error)
        ) from error


def load_network(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """Fill ``network`` from the tensors whose names begin with ``prefix``, in the network's own precision.

    Raises:
        InputError: when names or shapes do not fit.
    """
    own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    target = network.state_dict()
    wrong = sorted(set(own) ^ set(target)) or sorted(k for k in own if own[k].shape != target[k].shape)
    if wrong:
        raise InputError(
            "the weights do not fit the network", got=", ".join(wrong[:3]), hint="was the task's network changed?"
        )
    network.load_state_dict({key: value.to(target[key].dtype) for key, value in own.items()})


def supports_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware; elsewhere single precision is faster."""
    return bool(torch.cpu._is_avx512_bf16_supported()) or bool(torch.cpu._is_amx_tile_supported())

"""A ``shape`` task's weights file: one or several networks, and how sure to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from lesionlab.errors import InputError
from lesionlab.kinds.shape.network import build_network
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.kinds.weights_files import version_of
from lesionlab.metrics.calibration import Calibration
from lesionlab.networks.unet import ResidualUNet
from lesionlab.networks.weights import load_network, read_tensors, save_tensors


@dataclass(frozen=True, eq=False)
class ShapeWeights:
    """What a file holds.

    Attributes:
        members: networks whose probabilities are averaged.
        calibration: sureness -> Dice to expect; None for a model that was never calibrated.
        version: what the file is called (a folder's name for its ``model.safetensors``) and the first digits of its SHA-256.
    """

    members: tuple[ResidualUNet, ...]
    calibration: Calibration | None
    version: str


def read_weights(task: ShapeTask, path: Path) -> ShapeWeights:
    """Read a file.

    Raises:
        NotFoundError: there is none.
        InputError: it does not fit the task.
    """
    tensors, metadata = read_tensors(path)
    members = []
    for name in sorted({key.split(".", 1)[0] for key in tensors}):
        network = build_network(task)
        load_network(network, tensors, f"{name}.")
        members.append(network)
    knots = metadata.get("certainty")
    try:
        calibration = None if knots is None else Calibration.model_validate_json(knots)
    except ValidationError as error:
        raise InputError("the weights' calibration cannot be read", got=str(path)) from error
    return ShapeWeights(tuple(members), calibration, version_of(task, path))


def write_weights(
    path: Path, members: Sequence[nn.Module], calibration: Calibration | None, facts: dict[str, str]
) -> None:
    """Write networks in half precision, with ``facts`` for people in the metadata."""
    tensors = {
        f"network{number}.{key}": value.half()
        for number, member in enumerate(members)
        for key, value in member.state_dict().items()
    }
    metadata = dict(facts)
    if calibration is not None:
        metadata["certainty"] = calibration.model_dump_json()
    save_tensors(path, tensors, metadata)

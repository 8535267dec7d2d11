"""A ``detect`` task's weights file: the network, how sure to be, and from which confidence on to show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.metrics.calibration import Calibration
from lesionlab.networks.heatmap import HeatmapNet
from lesionlab.networks.weights import load_network, read_tensors, save_tensors, supports_bfloat16
from lesionlab.store.versions import WEIGHTS


@dataclass(frozen=True, eq=False)
class DetectWeights:
    """What a file holds.

    Attributes:
        network: the network.
        calibration: the network's certainty -> the chance of a lesion; None for a model that was never calibrated.
        operating_point: the calibrated confidence from which on candidates are shown.
        version: what the file is called, and the first digits of its SHA-256.
    """

    network: HeatmapNet
    calibration: Calibration | None
    operating_point: float
    version: str


def build_network(task: DetectTask) -> HeatmapNet:
    """The task's network with random weights."""
    return HeatmapNet(task.dimension, 1, task.channels)


def forward(network: nn.Module, inputs: Tensor) -> Tensor:
    """Answers (N, 2, *cells) of inputs (N, 1, *edges), in bfloat16 where the hardware multiplies it."""
    form = torch.channels_last if inputs.ndim == 4 else torch.channels_last_3d
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=inputs.is_cuda or supports_bfloat16()):
        answer: Tensor = network(inputs.contiguous(memory_format=form))
    return answer.float()


def weights_path(task: DetectTask) -> Path:
    """Where the task's shipped weights lie."""
    return Path(__file__).parents[2] / "weights" / f"{task.weights or task.name}.safetensors"


def read_weights(task: DetectTask, path: Path) -> DetectWeights:
    """Read a file.

    Raises:
        NotFoundError: there is none.
        InputError: it does not fit the task.
    """
    tensors, metadata = read_tensors(path)
    network = build_network(task)
    load_network(network, tensors)
    knots = metadata.get("confidence")
    try:
        calibration = None if knots is None else Calibration.model_validate_json(knots)
        operating_point = float(metadata.get("operating_point", "0.5"))
    except (ValidationError, ValueError) as error:
        raise InputError("the weights' calibration cannot be read", got=str(path)) from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    name = f"{task.name}-{path.parent.name}" if path.name == WEIGHTS else path.stem
    return DetectWeights(network, calibration, operating_point, f"{name}-{digest}")


def write_weights(
    path: Path, network: nn.Module, calibration: Calibration | None, operating_point: float, facts: dict[str, str]
) -> None:
    """Write the network in half precision, with ``facts`` for people in the metadata."""
    metadata = {**facts, "operating_point": repr(operating_point)}
    if calibration is not None:
        metadata["confidence"] = calibration.model_dump_json()
    save_tensors(path, {key: value.half() for key, value in network.state_dict().items()}, metadata)

"""A ``detect`` task's weights file: the network, how sure to be, and from which confidence on to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.weights_files import version_of
from lesionlab.metrics.calibration import Calibration
from lesionlab.networks.heatmap import HeatmapNet
from lesionlab.networks.heatmap_pretrained import PretrainedHeatmapNet
from lesionlab.networks.weights import load_network, read_tensors, save_tensors, supports_bfloat16

#: What a task has: one that learns from nothing, or one that starts from ImageNet.
DetectNetwork = HeatmapNet | PretrainedHeatmapNet


@dataclass(frozen=True, eq=False)
class DetectWeights:
    """What a file holds.

    Attributes:
        network: the network.
        readings: of each class, how to read the network's certainty.
        version: what the file is called, and the first digits of its SHA-256.
    """

    network: DetectNetwork
    readings: tuple[Calibrated, ...]
    version: str


def build_network(task: DetectTask) -> DetectNetwork:
    """The task's network with random weights."""
    if task.body == "residual":
        return HeatmapNet(task.dimension, 1, task.channels, task.class_count)
    return PretrainedHeatmapNet(classes=task.class_count)


def from_imagenet(task: DetectTask) -> DetectWeights | None:
    """What a task starts from that has no weights yet; None when its body learns from nothing."""
    network = build_network(task)
    if not isinstance(network, PretrainedHeatmapNet):
        return None
    network.load_imagenet()
    return DetectWeights(network, (Calibrated(None, 0.5),) * task.class_count, "imagenet")


def forward(network: nn.Module, inputs: Tensor) -> Tensor:
    """Answers (N, classes + 1, *cells) of inputs (N, 1, *edges), in bfloat16 where the hardware multiplies it."""
    form = torch.channels_last if inputs.ndim == 4 else torch.channels_last_3d
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=inputs.is_cuda or supports_bfloat16()):
        answer: Tensor = network(inputs.contiguous(memory_format=form))
    return answer.float()


def read_weights(task: DetectTask, path: Path) -> DetectWeights:
    """Read a file.

    Raises:
        NotFoundError: there is none.
        InputError: it does not fit the task.
    """
    tensors, metadata = read_tensors(path)
    network = build_network(task)
    load_network(network, tensors)
    try:
        readings = tuple(_reading(metadata, n) for n in range(task.class_count))
    except (ValidationError, ValueError) as error:
        raise InputError("the weights' calibration cannot be read", got=str(path)) from error
    return DetectWeights(network, readings, version_of(task, path))


def write_weights(path: Path, network: nn.Module, readings: Sequence[Calibrated], facts: dict[str, str]) -> None:
    """Write the network in half precision, how to read each class, and ``facts`` for people in the metadata."""
    metadata = dict(facts)
    for n, reading in enumerate(readings):
        metadata[f"operating_point{_ending(n)}"] = repr(reading.operating_point)
        if reading.calibration is not None:
            metadata[f"confidence{_ending(n)}"] = reading.calibration.model_dump_json()
    save_tensors(path, {key: value.half() for key, value in network.state_dict().items()}, metadata)


def _reading(metadata: Mapping[str, str], lesion_class: int) -> Calibrated:
    ending = _ending(lesion_class)
    knots = metadata.get(f"confidence{ending}")
    calibration = None if knots is None else Calibration.model_validate_json(knots)
    return Calibrated(calibration, float(metadata.get(f"operating_point{ending}", "0.5")))


def _ending(lesion_class: int) -> str:
    """Of the names of metadata; files of a single class have none."""
    return f".{lesion_class}" if lesion_class else ""

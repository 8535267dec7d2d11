"""A stand-in for the network that marks the clicked voxel, and how a command ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Model, Request
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.task import ShapeRequest

# i runs to the left, j to the back, k upwards: 2 x 2 x 5 mm voxels, voxel (0, 0, 0) at RAS (30, 20, -10).
AFFINE = np.array([[-2.0, 0, 0, 30], [0, -2.0, 0, 20], [0, 0, 5.0, -10], [0, 0, 0, 1]])
SHAPE = (12, 10, 8)


class VoxelModel(Model):
    """Answers with the clicked voxel; keeps what it was asked."""

    version = "voxel"

    def __init__(self) -> None:
        self.asked: list[ShapeRequest] = []

    def predict(self, volume: Volume, request: Request) -> ShapeResult:
        assert isinstance(request, ShapeRequest)
        self.asked.append(request)
        i, j, k = (round(x) for x in volume.geometry.ras_to_index(request.point_mm))
        mask = Volume(np.ones((1, 1, 1), np.uint8), volume.geometry.crop((i, j, k), (1, 1, 1)))
        return ShapeResult(
            mask, None, 2.0, 20.0, request.size_mm or 7.0, request.size_mm is not None, 0.8, self.version
        )


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Answer]

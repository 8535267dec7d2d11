"""A network that needs no training: whatever is as bright as the click belongs to the lesion."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from lesionlab.image.geometry import FloatArray, Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeTask


class AlikeNetwork(nn.Module):
    """Logits from the second input channel, which is zero where a voxel is as bright as the click."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, 4, n, n, n) -> (N, 1, n, n, n)."""
        return (0.5 - x[:, 1:2].abs()) * 20


def shape_task() -> ShapeTask:
    """The shipped task."""
    task = find_task("lesion_shape")
    assert isinstance(task, ShapeTask)
    return task


def alike_model() -> ShapeModel:
    """A model that answers with what is as bright as the click."""
    return ShapeModel(shape_task(), [AlikeNetwork()], None, "alike")


def positions_ras(geometry: Geometry) -> FloatArray:
    """RAS mm of every voxel centre, (3, i, j, k)."""
    index = np.indices(geometry.shape).reshape(3, -1)
    ras = geometry.affine[:3, :3] @ index + geometry.affine[:3, 3:]
    return np.asarray(ras.reshape(3, *geometry.shape))


def ball_volume(geometry: Geometry, center_mm: Point, half_mm: Point, other_mm: Point | None = None) -> Volume:
    """An ellipsoid of 100 on 0, noise-free, and a ball of equal brightness at ``other_mm``."""
    x = positions_ras(geometry)

    def inside(center: Point, half: Point) -> FloatArray:
        return sum(((x[a] - center[a]) / half[a]) ** 2 for a in range(3)) < 1  # type: ignore[return-value]

    bright = inside(center_mm, half_mm)
    if other_mm is not None:
        bright = bright | inside(other_mm, half_mm)
    return Volume((bright * 100).astype(np.int16), geometry)


def dice(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
    """Overlap of two masks."""
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


torch.set_num_threads(1)

"""A detector whose reasons can be worked out: bright places are lesions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.weights import DetectWeights
from lesionlab.kinds.kind import Model
from lesionlab.predict import Predictor
from lesionlab.task import Task
from tests.detect.bright import SIZE_MM, balls, detect_task

CENTRE: Point = (3.0, -5.0, 8.0)


class Shining(nn.Module):
    """The mean of a cell is its feature; the logit is that of ``reach`` cells along each axis around it, above an even start."""

    def __init__(self, dimension: int = 3, reach: int = 3) -> None:
        super().__init__()
        self.reach = reach
        self.pool = functional.avg_pool2d if dimension == 2 else functional.avg_pool3d
        self.active = nn.ReLU()
        self.back = nn.ModuleList([nn.Identity()])

    def forward(self, x: Tensor) -> Tensor:
        cells = self.back[0](self.active(self.pool(x, 2) + 1))
        mean = self.pool(cells, self.reach, stride=1, padding=self.reach // 2, count_include_pad=False)
        return torch.cat([10 * (mean - 0.5), torch.full_like(mean, float(np.log(SIZE_MM)))], dim=1)


def shining_model(dimension: int = 3, reach: int = 3) -> DetectModel:
    """Windows of 32 samples of 1 mm; a value of 0 is seen as -1 and 100 as 1."""
    weights = DetectWeights(Shining(dimension, reach).eval(), (Calibrated(None, 0.5),), "shining-1")  # type: ignore[arg-type]
    return DetectModel(detect_task(dimension), weights)


class ShiningPredictor(Predictor):
    """Answers every task with it."""

    def model(self, task: Task) -> Model:
        return shining_model()


def lattices() -> dict[str, Geometry]:
    """The same 72 mm of space: along RAS, flipped, with other axes first, and oblique with other steps."""
    plain = np.array([[1.5, 0, 0, -33], [0, 1.2, 0, -41], [0, 0, 2.0, -28], [0, 0, 0, 1.0]])
    flipped = plain @ np.array([[-1, 0, 0, 47], [0, -1, 0, 59], [0, 0, -1, 35], [0, 0, 0, 1.0]])
    swapped = plain[:, [2, 0, 1, 3]]
    angle = np.deg2rad(20)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return {
        "along RAS": Geometry((48, 60, 36), plain),
        "flipped": Geometry((48, 60, 36), flipped),
        "other axes first": Geometry((36, 48, 60), swapped),
        "oblique": Geometry((48, 60, 36), turn @ plain),
    }


def scene(geometry: Geometry) -> Volume:
    """Two bright balls; the explained one lies at ``CENTRE``, the other 18 mm behind it."""
    return balls(geometry, [CENTRE, (3.0, -23.0, 8.0)])

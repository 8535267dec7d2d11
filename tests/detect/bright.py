"""A stand-in network that calls bright places lesions, and images with bright balls: what is found can be worked out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.task import DetectTask

SIZE_MM = 9.0


def detect_task(dimension: int = 3, inference: int = 32) -> DetectTask:
    return DetectTask.model_validate(
        {
            "name": "bright_balls",
            "kind": "detect",
            "title": "Bright balls",
            "description": "For tests.",
            "dimension": dimension,
            "grid": {"step_mm": 1.0, "training": 32, "inference": inference, "margin": 6},
            "intensity": {"unit": "value", "low": 0, "high": 100},
            "channels": [8, 16],
            "phantom": "chest",
            "training": {"epochs": 2, "steps": 30, "batch": 4, "learning_rate": 2e-3},
        }
    )


class Bright(nn.Module):
    """Certainty rises with the mean around a cell; every size is ``SIZE_MM``."""

    def forward(self, x: Tensor) -> Tensor:
        pool = functional.avg_pool2d if x.ndim == 4 else functional.avg_pool3d
        mean = pool(pool(x, 2), 3, stride=1, padding=1, count_include_pad=False)
        return torch.cat([10 * (mean + 0.5), torch.full_like(mean, float(np.log(SIZE_MM)))], dim=1)


def balls(geometry: Geometry, centres_mm: list[Point], radius_mm: float = 4.0) -> Volume:
    """100 in the middle of each ball, falling to 0 at its border."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    places = index @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    values = np.zeros(geometry.shape, dtype=np.float32)
    for centre in centres_mm:
        distance = np.linalg.norm(places - np.asarray(centre), axis=-1)
        values = np.maximum(values, 100 * np.clip(1 - (distance / radius_mm) ** 2, 0, 1))
    return Volume(values, geometry)

"""A model without a network: it answers each click with a ball of the given size, the largest ones slowly."""

from __future__ import annotations

import time

import numpy as np

from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Model, Request, Result
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.stock import check_fits
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.predict import Predictor
from lesionlab.task import Task

#: Larger balls than this keep a processor busy for ``SLOW_SECONDS``, as a network would.
SLOW_MM = 50.0
SLOW_SECONDS = 0.6


class BallModel(Model):
    """Balls."""

    version = "ball-1"

    def __init__(self, task: Task) -> None:
        self._task = task

    def predict(self, volume: Volume, request: Request) -> Result:
        assert isinstance(request, ShapeRequest)
        check_fits(self._task, request, volume.geometry)
        size = request.size_mm or 10.0
        if size > SLOW_MM:
            work(SLOW_SECONDS)
        start, stop = box_around(volume, request.point_mm, size)
        crop = volume.crop(start, tuple(b - a for a, b in zip(start, stop, strict=True)))
        index = np.indices(crop.array.shape).reshape(3, -1)
        affine = crop.geometry.affine
        world = affine[:3, :3] @ index + affine[:3, 3:]
        distance = np.linalg.norm(world - np.asarray(request.point_mm)[:, None], axis=0).reshape(crop.array.shape)
        mask = (distance <= size / 2).astype(np.uint8)
        chance = np.clip(1.0 - distance / size, 0, 1).astype(np.float32)
        return ShapeResult(
            mask=Volume(mask, crop.geometry),
            probability_map=Volume(chance, crop.geometry) if request.probability else None,
            diameter_mm=size,
            volume_mm3=float(mask.sum()) * volume.geometry.voxel_volume_mm3,
            size_mm=size,
            size_given=request.size_mm is not None,
            certainty=0.5,
            model_version=self.version,
        )


def work(seconds):
    """Matrix products for a while; like a network's, they let other threads run."""
    matrix, end = np.ones((400, 400), np.float32), time.monotonic() + seconds
    while time.monotonic() < end:
        matrix = np.clip(matrix @ matrix, 0, 1)


def box_around(volume: Volume, point_mm, size_mm):
    center = np.asarray(volume.geometry.ras_to_index(point_mm))
    reach = size_mm / 2 / np.asarray(volume.geometry.spacing_mm) + 1
    low = np.maximum(np.floor(center - reach), 0).astype(int)
    high = np.minimum(np.ceil(center + reach) + 1, volume.array.shape).astype(int)
    return tuple(int(n) for n in low), tuple(int(n) for n in high)


class BallPredictor(Predictor):
    """Answers every task with balls."""

    def model(self, task: Task) -> Model:
        return BallModel(task)

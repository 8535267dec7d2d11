"""A look at an unlabelled image, for active learning."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesionlab.errors import InputError
from lesionlab.image.geometry import Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.intensities import Scale
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.detect.scoring import LEAST_REACH_MM
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.detect.weights import forward
from lesionlab.kinds.kind import Look, Model
from lesionlab.networks.heatmap_pretrained import PretrainedHeatmapNet

_EVERY = DetectRequest(maximum=60, confidence=0.0)


def look(model: Model, volume: Volume) -> Look:
    """How close the candidates of an image lie to the operating point, and what the network sees at the strongest of them.

    The uncertainty is that of the one candidate about which the model is least decided: 1 when its confidence is exactly that from
    which on candidates are shown, 0 when it is 0 or 1; however large the image, nothing else counts.

    Raises:
        InputError: the image does not fit the task.
    """
    if not isinstance(model, DetectModel):
        raise InputError("the model is not one of a detect task", got=type(model).__name__)
    found = model.predict(volume, _EVERY)
    unsure = [undecided(one.confidence, found.operating_points[one.lesion_class]) for one in found.candidates]
    i, j, k = ((n - 1) / 2 for n in volume.geometry.shape)
    where = found.candidates[0].point_mm if found.candidates else volume.geometry.index_to_ras((i, j, k))
    return Look(max(unsure, default=0.0), features(model, volume, where), found)


def undecided(confidence: float, operating_point: float) -> float:
    """1 at the operating point, falling linearly to 0 at a confidence of 0 and of 1."""
    if confidence < operating_point:
        return confidence / operating_point
    return (1 - confidence) / (1 - operating_point) if operating_point < 1 else 1.0


@torch.inference_mode()
def features(model: DetectModel, volume: Volume, point_mm: Point) -> NDArray[np.float32]:
    """The network's deepest layer at a point: a vector (channels,)."""
    task, network = model.task, model.network
    edge = task.grid.training
    shape = (edge, edge, 1 if task.dimension == 2 else edge)
    grid = PatchGrid(volume.geometry, point_mm, task.grid.step_of(volume.geometry), shape)
    patch = torch.from_numpy(Scale.of(task.intensity, volume).apply(grid.sample(volume)))
    layer = network.body.stages[-1] if isinstance(network, PretrainedHeatmapNet) else network.down[-1]
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _, __, out: seen.append(out))
    try:
        forward(network, (patch[..., 0] if task.dimension == 2 else patch)[None, None])
    finally:
        hook.remove()
    middle = tuple(slice(max(n // 2 - 1, 0), n // 2 + 1) for n in seen[0].shape[2:])
    return seen[0][0][(slice(None), *middle)].float().flatten(1).mean(dim=1).numpy()


def candidates_apart(a: DetectResult, b: DetectResult) -> float:
    """The difference of confidence of the candidate about which two answers differ most; one that the other lacks counts whole."""
    left = list(b.candidates)
    apart = [0.0]
    for one in a.candidates:
        same = min(
            (other for other in left if _matches(one, other)), key=lambda other: _distance(one, other), default=None
        )
        if same is not None:
            left.remove(same)
        apart.append(abs(one.confidence - (0.0 if same is None else same.confidence)))
    return max(*apart, *(other.confidence for other in left), 0.0)


def _matches(a: Candidate, b: Candidate) -> bool:
    reach = max(a.size_mm / 2, b.size_mm / 2, LEAST_REACH_MM)
    return a.lesion_class == b.lesion_class and _distance(a, b) <= reach


def _distance(a: Candidate, b: Candidate) -> float:
    return math.dist(a.point_mm, b.point_mm)

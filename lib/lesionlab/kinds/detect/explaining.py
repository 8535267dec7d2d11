"""Why a candidate is one: the heat map's logit there, as the network makes it of a window around it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from lesionlab.errors import InputError
from lesionlab.explain.subject import Subject, low_passed
from lesionlab.image.geometry import Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.asking import DetectExplainRequest
from lesionlab.kinds.detect.intensities import CEILING, FLOOR, Scale
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.kind import Explainable, Request

#: The finest features before the answer; coarser ones point beside the lesion.
_LAYER = "back.0"


def explainable(model: DetectModel, volume: Volume, request: Request) -> Explainable:
    """One candidate, opened for explanation: the one at the request's point, else the best of the image.

    Raises:
        InputError: when the point or the volume does not fit, or there is no candidate and no point.
    """
    if not isinstance(request, DetectExplainRequest):
        raise InputError("the request is not one to explain a detect task", got=type(request).__name__)
    model.check_fits(volume)
    point = _best(model, volume) if request.point_mm is None else request.point_mm
    if not volume.geometry.contains(point):
        raise InputError("point_mm lies outside the image", got=str(list(point)), expected="a point in the image")
    task = model.task
    edge, scale = task.grid.training, Scale.of(task.intensity, volume)
    shape = (edge, edge, 1 if task.dimension == 2 else edge)
    grid = PatchGrid(volume.geometry, point, task.grid.step_of(volume.geometry), shape)
    patch = torch.from_numpy(scale.apply(grid.sample(volume)))
    inputs = (patch[..., 0] if task.dimension == 2 else patch)[None, None]
    with torch.inference_mode():
        cell = _cell(model.network(inputs)[0, 0])
    subject = Subject(
        network=model.network,
        inputs=inputs,
        target=_logit_at(cell),
        layer=_LAYER,
        baselines=torch.cat([low_passed(inputs, edge // 4), inputs.median().expand_as(inputs)]),
        low=FLOOR,
        high=CEILING,
        threshold=model.turning_point,
        pooled=False,
    )
    return Explainable(
        subjects=(subject,),
        restore=lambda maps: grid.restore(maps[0].reshape(shape)),
        intensity=(scale.high - scale.low) / 2,
        level=(scale.high + scale.low) / 2,
        question="what in the image makes this place a candidate: the logit of a lesion's centre",
        about={"point_mm": [round(x, 2) for x in point], "model_version": model.version},
    )


def _best(model: DetectModel, volume: Volume) -> Point:
    found = model.candidates(volume)
    if not found:
        raise InputError("nothing was found that could be explained", expected="point_mm of the place to explain")
    return found[0].point_mm


def _logit_at(cell: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    where: tuple[slice | int, ...] = (slice(None), 0, *cell)
    return lambda answer: answer[where]


def _cell(heat: Tensor) -> tuple[int, ...]:
    """The hottest cell within two of the window's middle: a click need not hit a lesion's centre."""
    near = [range(count // 2 - 2, count // 2 + 2) for count in heat.shape]
    return max(itertools.product(*near), key=lambda cell: float(heat[cell]))

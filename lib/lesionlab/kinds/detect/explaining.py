"""Why a candidate is one: the heat map's logit there, as the network makes it of a window around it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.explain.subject import Layer, Subject, low_passed
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.asking import DetectExplainRequest
from lesionlab.kinds.detect.intensities import CEILING, FLOOR, Scale
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.kind import Explainable, Request
from lesionlab.networks.heatmap import CELL
from lesionlab.networks.heatmap_pretrained import PretrainedHeatmapNet
from lesionlab.networks.weights import supports_bfloat16

#: The finest features before the answer; coarser ones point beside the lesion.
_LAYER, _PRETRAINED_LAYER = "back.0", "lateral.0"


def explainable(model: DetectModel, volume: Volume, request: Request) -> Explainable:
    """One candidate, opened for explanation: the one at the request's point, else the best of the image.

    The cells of the layer are as large as a small lesion: the window is looked at from every sample of a cell.

    Raises:
        InputError: when the point or the volume does not fit, or there is no candidate and no point.
    """
    if not isinstance(request, DetectExplainRequest):
        raise InputError("the request is not one to explain a detect task", got=type(request).__name__)
    model.check_fits(volume)
    best = _best(model, volume) if request.point_mm is None else None
    point = request.point_mm if best is None else best.point_mm
    if point is None or not volume.geometry.contains(point):
        raise InputError("point_mm lies outside the image", got=str(point), expected="a point in the image")
    task = model.task
    edge, scale = task.grid.training, Scale.of(task.intensity, volume)
    grid = window_around(task, volume.geometry, point)
    patch = torch.from_numpy(scale.apply(grid.sample(volume)))
    inputs = (patch[..., 0] if task.dimension == 2 else patch)[None, None]
    with torch.inference_mode():
        heats = model.network(inputs)[0, :-1]
    lesion_class, cell = _hottest(heats, None if best is None else best.lesion_class)
    plain = Subject(
        network=model.network,
        inputs=inputs,
        target=_logit_at(lesion_class, cell),
        layers=(Layer(_PRETRAINED_LAYER if isinstance(model.network, PretrainedHeatmapNet) else _LAYER),),
        baselines=torch.cat([low_passed(inputs, edge // 4), inputs.median().expand_as(inputs)]),
        low=FLOOR,
        high=CEILING,
        threshold=model.turning_point(lesion_class),
        pooled=False,
        halves=supports_bfloat16(),
    )
    _, *shifts = itertools.product(range(CELL), repeat=task.dimension)
    return Explainable(
        subjects=(plain,),
        restore=lambda maps: grid.restore(maps[0].reshape(grid.shape)),
        intensity=(scale.high - scale.low) / 2,
        level=(scale.high + scale.low) / 2,
        question="what in the image makes this place a candidate: the logit of a lesion's centre",
        about={
            **({"class": list(task.classes)[lesion_class]} if task.classes else {}),
            "point_mm": [round(x, 2) for x in point],
            "model_version": model.version,
        },
        looks=lambda: tuple(_moved(plain, lesion_class, shift) for shift in shifts),
    )


def window_around(task: DetectTask, geometry: Geometry, point: Point) -> PatchGrid:
    """A window of training's size with a point (RAS mm) in the middle of the cell before its own middle.

    Between cells, where the window's middle lies, no cell is as sure of the lesion as the one that the answer came from.
    """
    edge = task.grid.training
    shape = (edge, edge, 1 if task.dimension == 2 else edge)
    between = PatchGrid(geometry, point, task.grid.step_of(geometry), shape)
    middle = tuple((count - 1 + CELL) / 2 if count > 1 else 0.0 for count in shape)
    return PatchGrid(geometry, between.to_ras((middle[0], middle[1], middle[2])), between.step_mm, shape)


def _moved(plain: Subject, lesion_class: int, shift: tuple[int, ...]) -> Subject:
    """The candidate's logit in the look that is moved by ``shift`` samples."""
    network = _Moved(plain.network, shift).eval()
    with torch.inference_mode():
        heats = network(plain.inputs)[0, :-1]
    _, cell = _hottest(heats, lesion_class)

    def upright(maps: Tensor) -> Tensor:
        return maps.roll([-n for n in shift], list(range(1, 1 + len(shift))))

    layers = tuple(Layer(f"network.{layer.name}", upright=upright) for layer in plain.layers)
    return replace(plain, network=network, target=_logit_at(lesion_class, cell), layers=layers)


class _Moved(nn.Module):
    """A network that sees its input moved by less than a cell, the last samples first: (N, 1, *edges) -> what it answers."""

    def __init__(self, network: nn.Module, shift: tuple[int, ...]) -> None:
        super().__init__()
        self.network, self._shift = network, shift

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.network(x.roll(self._shift, list(range(2, 2 + len(self._shift)))))
        return answer


def _best(model: DetectModel, volume: Volume) -> Candidate:
    found = model.candidates(volume)
    if not found:
        raise InputError("nothing was found that could be explained", expected="point_mm of the place to explain")
    return found[0]


def _logit_at(lesion_class: int, cell: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    where: tuple[slice | int, ...] = (slice(None), lesion_class, *cell)
    return lambda answer: answer[where]


def _hottest(heats: Tensor, lesion_class: int | None) -> tuple[int, tuple[int, ...]]:
    """The class, where it is not given, and the cell within two of the window's middle: a click need not hit a centre."""
    classes = range(len(heats)) if lesion_class is None else (lesion_class,)
    near = [range(count // 2 - 2, count // 2 + 2) for count in heats.shape[1:]]
    first, *rest = max(itertools.product(classes, *near), key=lambda place: float(heats[place]))
    return first, tuple(rest)

"""Why a class was given: the log odds of the class, as each network of the ensemble makes them of what it saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.explain.subject import Layer, Subject, low_passed
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.bags import bag, view_names
from lesionlab.kinds.classify.forms import ImageForm, SlicesForm
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.network import mirrors
from lesionlab.kinds.classify.restoring import restored
from lesionlab.kinds.classify.sampling import Placement, sample
from lesionlab.kinds.classify.task import ClassifyRequest
from lesionlab.kinds.classify.tiles import joined, tiled, untiled
from lesionlab.kinds.detect.intensities import CEILING, FLOOR
from lesionlab.kinds.kind import Explainable, Request
from lesionlab.networks.classifier import Classifier
from lesionlab.networks.odds import log_odds


def explainable(model: ClassifyModel, volume: Volume, request: Request) -> Explainable:
    """An answer, opened for explanation: the positive class's log odds, or those of the likeliest class where none is positive.

    Each member in each mirrored look is one subject: the answer is the mean of theirs, and so is the map. The magnifications
    of a patch are views, whose maps are added; slices are views, weighed as the network weighed them.
    The views of an examination, which the network sees together, are one picture of tiles.

    Raises:
        InputError: when the request does not fit the image.
    """
    if not isinstance(request, ClassifyRequest):
        raise InputError("the request is not one of a classify task", got=type(request).__name__)
    model.check_request(request)
    task = model.task
    sampled = sample(task, volume, request.point_mm, request.size_mm)
    case = bag(task, sampled.values)
    chosen, shares = _asked(model, case, sampled.places)
    tiles = shares is None
    inputs = tiled(case[:, 0]) if tiles else case
    question = _Question(
        case=case,
        inputs=inputs,
        baselines=_baselines(inputs),
        shares=shares,
        chosen=chosen,
        turns=model.reading.turning_point(task.target),
        local=not isinstance(task.input, ImageForm),
    )
    subjects = tuple(_subject(member, axes, question) for member in model.members for axes in mirrors(task))
    count, edges = case.shape[0], (case.shape[-2], case.shape[-1])

    def back(maps: NDArray[np.float32]) -> Volume:
        planes = untiled(torch.from_numpy(maps)[None], count, edges)[0].numpy() if tiles else maps
        return restored(sampled.places, planes, volume.geometry, sliced=isinstance(task.input, SlicesForm))

    return Explainable(
        subjects=subjects,
        restore=back,
        intensity=(sampled.scale.high - sampled.scale.low) / 2,
        level=(sampled.scale.high + sampled.scale.low) / 2,
        question=f"what in the image speaks for {task.classes[chosen]}: its log odds",
        about={
            "class": task.classes[chosen],
            **({} if request.point_mm is None else {"point_mm": [round(x, 2) for x in request.point_mm]}),
            "model_version": model.version,
        },
    )


@dataclass(frozen=True, eq=False)
class _Question:
    """What the members saw, and what is asked about their answer.

    Attributes:
        case: (K, C, *edges).
        inputs: the same, or the views of an examination as one picture.
        baselines: see :class:`Subject`.
        shares: how much each instance counts; None for an examination.
        chosen: the class.
        turns: the log odds at which the answer turns.
        local: whether features count where they lie, and two stages must agree; else by their mean gradient (Grad-CAM as
            published), in the last stage alone, which points better where a whole plane is pooled to its mean.
    """

    case: Tensor
    inputs: Tensor
    baselines: Tensor
    shares: Tensor | None
    chosen: int
    turns: float
    local: bool


def _asked(model: ClassifyModel, case: Tensor, places: tuple[Placement, ...]) -> tuple[int, Tensor | None]:
    """The class that is asked about, and how much each instance counts; None where views are seen together."""
    target, tiles = model.task.target, bool(view_names(model.task))
    if target is not None and tiles:
        return target, None
    answered = model.judge(case, places)
    chosen = int(answered.probabilities.argmax()) if target is None else target
    return chosen, None if tiles else torch.from_numpy(answered.shares).float()


def _baselines(inputs: Tensor) -> Tensor:
    """What shows nothing: the inputs blurred, and plain."""
    blurred, plain = low_passed(inputs, min(inputs.shape[-2:]) // 4), inputs.median().expand_as(inputs)
    return torch.cat([blurred, plain]) if len(inputs) == 1 else torch.stack([blurred, plain])


def _subject(member: Classifier, axes: tuple[int, ...], question: _Question) -> Subject:
    """A member's answer in the look that is mirrored along ``axes``."""
    network = _Alone(member, axes) if question.shares is not None else _Together(member, axes, question.case)
    return Subject(
        network=network.eval(),
        inputs=question.inputs,
        target=_log_odds(question.chosen),
        layers=_layers(member, axes, question),
        baselines=question.baselines,
        low=FLOOR,
        high=CEILING,
        weights=question.shares,
        pooled=not question.local,
        threshold=question.turns,
    )


def _layers(member: Classifier, axes: tuple[int, ...], question: _Question) -> tuple[Layer, ...]:
    """The stages that show where something is; their maps are mirrored back."""
    body = member.body
    count, edges = len(question.case), tuple(question.case.shape[2:])
    names = {module: f"body.{name}" for name, module in body.named_modules()}

    def upright(maps: Tensor) -> Tensor:
        maps = maps.flip(axes)
        return maps if question.shares is not None else joined(maps.reshape(-1, count, 1, *edges))[:, 0]

    return tuple(
        Layer(names[body.stage_module(n)], tuple(body.cells(n, edge) for edge in edges), edges, upright)
        for n in _stages(member, question.local)
    )


def _stages(member: Classifier, local: bool) -> tuple[int, ...]:
    """Which stages are asked; where training taught the last one to point, that one, with a finer one."""
    body = member.body
    if not local:
        return body.telling[-1:]
    return tuple(sorted({body.telling[0], len(body.widths) - 1})) if member.points else body.telling


def _log_odds(chosen: int) -> Callable[[Tensor], Tensor]:
    """Of one class, for all rows."""
    return lambda logits: log_odds(logits, torch.full((len(logits),), chosen))


class _Alone(nn.Module):
    """A member that answers each mirrored instance by itself: (M, C, *edges) -> (M, classes)."""

    def __init__(self, member: Classifier, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.body, self.head = member.body, member.head
        self._axes = axes

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body.stages(x.flip(self._axes))[-1]
        logits: Tensor = self.head(maps.flatten(2).mean(dim=2))
        return logits


class _Together(nn.Module):
    """A member that sees all views of an examination, each mirrored, as one picture: (M, 1, *tiled edges) -> (M, classes)."""

    def __init__(self, member: Classifier, axes: tuple[int, ...], case: Tensor) -> None:
        super().__init__()
        self.body, self.pool, self.head = member.body, member.pool, member.head
        self._axes = axes
        self._count, self._edges = len(case), (case.shape[-2], case.shape[-1])

    def forward(self, x: Tensor) -> Tensor:
        views = untiled(x, self._count, self._edges).flip(self._axes)
        maps = self.body.stages(views.flatten(0, 1)[:, None])[-1].unflatten(0, (len(x), self._count))  # type: ignore[no-untyped-call]
        logits: Tensor = self.pool(maps, self.head).logits
        return logits

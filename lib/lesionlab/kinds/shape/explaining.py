"""Why a mask is where it is: the mean logit within it, as the network makes it of the patch around the click."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.explain.subject import Layer, Subject, low_passed
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Explainable, Request
from lesionlab.kinds.shape.inputs import Normalisation, mark_points
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.networks.weights import supports_bfloat16

#: The finest features before the answer; coarser ones point beside the lesion.
_LAYER = "network.level1"


def explainable(model: ShapeModel, volume: Volume, request: Request) -> Explainable:
    """The mask at a click, opened for explanation.

    The networks' share of the answer is explained, at the magnification of the size; the competition of seeds that is
    averaged with them needs no explanation but the image's own borders.

    Raises:
        InputError: when a point or the size does not fit the volume.
    """
    if not isinstance(request, ShapeRequest):
        raise InputError("the request is not one of a shape task", got=type(request).__name__)
    result = model.predict(volume, request)
    n, side = model.task.patch.voxels, model.task.patch.side
    grid = PatchGrid.cube(volume.geometry, request.point_mm, side * result.size_mm, n)
    patch = torch.from_numpy(grid.sample(volume))[None]
    marks = mark_points(torch.tensor([grid.to_patch(p) for p in request.exclude_mm]), n, side)
    how = Normalisation.of(patch, side)
    inputs = ((patch - how.low) / how.spread * 2 - 1)[None]
    inside = _inside(result.mask, grid)
    subjects = tuple(
        Subject(
            network=_Seeing(member, how, side, marks),
            inputs=inputs,
            target=lambda answer: (answer[:, 0] * inside).sum(dim=(1, 2, 3)) / inside.sum(),
            layers=(Layer(_LAYER),),
            baselines=torch.cat([low_passed(inputs, n // 4), inputs.median().expand_as(inputs)]),
            low=min(-1.3, float(inputs.min())),
            high=max(1.3, float(inputs.max())),
            halves=supports_bfloat16(),
        )
        for member in model.members
    )
    return Explainable(
        subjects=subjects,
        restore=lambda maps: grid.restore(maps[0]),
        intensity=float(how.spread) / 2,
        level=float(how.low + how.spread / 2),
        question="what in the image made the mask: the mean logit within it",
        about={
            "point_mm": [round(x, 2) for x in request.point_mm],
            "size_mm": round(result.size_mm, 2),
            "model_version": model.version,
        },
    )


class _Seeing(nn.Module):
    """A network behind its normalisation, held as it is for this patch: (M, 1, n, n, n) -> logits (M, 1, n, n, n)."""

    def __init__(self, network: nn.Module, how: Normalisation, side: float, marks: Tensor) -> None:
        super().__init__()
        self.network = network
        self._how = how
        self._side = side
        self._marks = marks

    def forward(self, x: Tensor) -> Tensor:
        patch = (x[:, 0] + 1) / 2 * self._how.spread + self._how.low
        inputs = self._how.apply(patch, self._side, self._marks)
        answer: Tensor = self.network(inputs.contiguous(memory_format=torch.channels_last_3d))
        return answer


def _inside(mask: Volume, grid: PatchGrid) -> Tensor:
    """Which samples lie in the mask, (n, n, n), 0 or 1; at least the one in the middle."""
    on_mask = PatchGrid(mask.geometry, grid.center_mm, grid.step_mm, grid.shape)
    inside: NDArray[np.float32] = (on_mask.sample(mask) > 0.5).astype(np.float32)
    middle = grid.shape[0] // 2
    inside[middle, middle, middle] = 1
    return torch.from_numpy(inside)

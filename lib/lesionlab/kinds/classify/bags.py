"""From the planes of a case to the instances that the network sees at once."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesionlab.kinds.classify.forms import PatchForm, SlicesForm, ViewsForm, VolumeForm, planar
from lesionlab.kinds.classify.task import ClassifyTask


def channels_of(task: ClassifyTask) -> int:
    """Channels of an instance."""
    return task.input.channels if isinstance(task.input, SlicesForm) else 1


def instances(task: ClassifyTask, planes: int, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
    """Which of a case's planes make its instances, (K, channels); beyond the outermost slice it goes on.

    Args:
        task: its form.
        planes: how many there are.
        rng: draws as many slices as a batch holds, in training; all are taken when None.
    """
    if not isinstance(task.input, SlicesForm):
        return np.arange(planes)[:, None]
    middles = np.arange(planes)
    count = task.training.slices
    if rng is not None:
        # One from each stretch of the volume, so that any draw shows all of it.
        edges = np.linspace(0, planes, count + 1)
        middles = np.minimum(rng.uniform(edges[:-1], edges[1:]).astype(np.int64), planes - 1)
    reach = task.input.channels // 2
    return np.asarray(np.clip(middles[:, None] + np.arange(-reach, reach + 1), 0, planes - 1), dtype=np.int64)


def bag(task: ClassifyTask, values: NDArray[np.generic]) -> Tensor:
    """All instances of a case, float32 (K, C, *edges), of its planes (P, rows, columns) or its box (1, *edges)."""
    tensor = torch.from_numpy(np.ascontiguousarray(values)).float()
    if not planar(task.input):
        return tensor[:, None]
    return tensor[torch.from_numpy(instances(task, len(values)))]


def edges_of(task: ClassifyTask) -> tuple[int, ...]:
    """The edges of an instance: rows and columns, or slices, rows and columns."""
    form = task.input
    match form:
        case PatchForm():
            return (form.voxels,) * form.dimension
        case VolumeForm():
            r, a, s = (form.voxels,) * 3 if isinstance(form.voxels, int) else form.voxels
            return s, a, r
        case SlicesForm():
            return form.voxels, form.voxels
        case _:
            return (form.voxels, form.voxels) if isinstance(form.voxels, int) else form.voxels


def view_names(task: ClassifyTask) -> tuple[str, ...]:
    """The views of an examination; none for other forms."""
    return task.input.views if isinstance(task.input, ViewsForm) else ()

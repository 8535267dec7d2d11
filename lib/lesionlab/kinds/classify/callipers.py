"""Callipers burnt into an image at random, so that whether a reader measured a lesion tells nothing about its class."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.samples import StoredCase
from lesionlab.kinds.classify.task import ClassifyTask

#: Length of a cross's arms, as a share of the patch's edge, and how bright crosses are, of values in [-1, 1].
_ARM, _BRIGHT = (0.015, 0.04), (0.3, 1.0)
#: How far from the patch's middle the ends of a diameter lie, in lesion radii.
_REACH = (0.55, 1.1)
_DOTTED = 0.6


def measured(task: ClassifyTask, case: StoredCase, rng: np.random.Generator) -> StoredCase:
    """The case with one or two diameters measured in its picture, for a share of the cases that the task sets."""
    form = task.input
    if not isinstance(form, PatchForm) or rng.random() >= task.training.augmentation.callipers:
        return case
    values = case.values.copy()
    radius = form.voxels / (2 * (form.side or 2.0) * case.magnification)
    level = np.float16(rng.uniform(*_BRIGHT))
    arm = max(1, round(form.voxels * rng.uniform(*_ARM)))
    for _ in range(int(rng.integers(1, 3))):
        angle = rng.uniform(0, math.pi)
        way = np.array([math.sin(angle), math.cos(angle)])
        middle = (np.array(values.shape[-2:]) - 1) / 2
        ends = [middle + sign * way * radius * rng.uniform(*_REACH) for sign in (-1, 1)]
        dotted = rng.random() < _DOTTED
        gap = rng.uniform(3, 7)
        for plane in values:
            for end in ends:
                _cross(plane, end, arm, level)
            if dotted:
                _dots(plane, ends[0], ends[1], gap, level)
    return replace(case, values=values)


def _cross(plane: NDArray[np.float16], middle: NDArray[np.float64], arm: int, level: np.float16) -> None:
    row, column = (round(float(x)) for x in middle)
    if 0 <= row < plane.shape[0]:
        plane[row, max(column - arm, 0) : max(column + arm + 1, 0)] = level
    if 0 <= column < plane.shape[1]:
        plane[max(row - arm, 0) : max(row + arm + 1, 0), column] = level


def _dots(
    plane: NDArray[np.float16], start: NDArray[np.float64], end: NDArray[np.float64], gap: float, level: np.float16
) -> None:
    count = max(2, int(np.linalg.norm(end - start) / gap))
    places = np.rint(start + np.linspace(0, 1, count)[:, None] * (end - start)).astype(int)
    inside = ((places >= 0) & (places < plane.shape)).all(axis=1)
    plane[tuple(places[inside].T)] = level

"""A second opinion that needs no training: lesion and background conquer the patch from seeds, held up by edges.

GrowCut (Vezhnevets and Konouchine 2005) run to its fixed point. The network guesses where it sees no border; the competition
stops at borders of a kind that the network never saw. Their mean is better than either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.patch import Patch

#: Seeds within and beyond these radii, in sizes from the click.
_INNER, _OUTER = 0.25, 0.9
_SWEEPS = 40
#: Strength only grows; growth below this decides nothing.
_SETTLED = 1e-4
#: How fast a lead in strength becomes a decision.
_SHARPNESS = 30.0


def compete(patches: Patch, side: float) -> Patch:
    """How much of each sample the lesion's seeds win.

    Args:
        patches: (N, n, n, n) intensities of any unit, the click in the middle.
        side: edge of the patch in sizes.

    Returns:
        (N, n, n, n) in [0, 1]: near 0 or 1 where one side is clearly stronger, 0.5 where both arrive equally strong.
    """
    count, n = patches.shape[0], patches.shape[1]
    low, high = np.percentile(patches.reshape(count, -1), (1, 99), axis=1).astype(np.float32)
    spread = np.maximum(high - low, 1e-6)
    values = np.clip((patches - low[:, None, None, None]) / spread[:, None, None, None], 0, 1)
    axis = ((np.arange(n) + 0.5) / n - 0.5) * side
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    seeds = np.stack([radius <= max(_INNER, side / n), radius >= _OUTER])
    both = strength(np.stack([values, values]), np.broadcast_to(seeds[:, None], (2, *patches.shape)))
    lead = np.log(np.maximum(both[0], 1e-12)) - np.log(np.maximum(both[1], 1e-12))
    return np.asarray(1 / (1 + np.exp(-np.clip(_SHARPNESS * lead, -30, 30))), dtype=np.float32)


def strength(values: Patch, seeds: NDArray[np.bool_]) -> Patch:
    """For each sample, the greatest product of ``1 - |step|`` along any path of face neighbours from a seed.

    This is where the automaton settles: a sample belongs to the label whose strength arrives larger.

    Args:
        values: (..., n, n, n) in [0, 1].
        seeds: the same shape.
    """
    count = int(np.prod(values.shape[:-3], dtype=int))
    cubes = np.moveaxis(values.reshape(count, *values.shape[-3:]), 0, -1)
    power = np.moveaxis(seeds.reshape(count, *values.shape[-3:]), 0, -1).astype(np.float32, order="C")
    passes = []
    for _ in range(3):
        passes.append(1 - np.abs(np.diff(np.ascontiguousarray(cubes), axis=0)))
        cubes = _turn(cubes)
    for _ in range(_SWEEPS):
        before = power.copy()
        for keep in passes:
            _sweep(power, keep)
            power = np.ascontiguousarray(_turn(power))
        if np.subtract(power, before, out=before).max() < _SETTLED:
            break
    return np.moveaxis(power, -1, 0).reshape(values.shape)


def _turn(cubes: Patch) -> Patch:
    """The next axis first: what a sweep reads then lies side by side in memory, which makes it four times faster."""
    return np.transpose(cubes, (1, 2, 0, 3))


def _sweep(power: Patch, keep: Patch) -> None:
    """Let strength pass along the first axis, up and then down; ``keep[i]`` is what passes between ``i`` and ``i + 1``."""
    arriving = np.empty_like(power[0])
    for i in range(1, len(power)):
        np.maximum(power[i], np.multiply(power[i - 1], keep[i - 1], out=arriving), out=power[i])
    for i in range(len(power) - 2, -1, -1):
        np.maximum(power[i], np.multiply(power[i + 1], keep[i], out=arriving), out=power[i])

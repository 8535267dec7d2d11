"""What the network should answer for a window: a bell on each centre, and the size around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.networks.heatmap import CELL

#: A bell's width as a share of the lesion's diameter, and its least width in cells.
_WIDTH, _LEAST = 0.15, 0.7
#: Cells of a bell above this height are told the size.
_TELL = 0.5


@dataclass(frozen=True, eq=False)
class Target:
    """For each cell of a window: ``heat`` in [0, 1], exactly 1 at centres; ``size``, its logarithm; ``told``, where it counts."""

    heat: NDArray[np.float32]
    size: NDArray[np.float32]
    told: NDArray[np.bool_]


def target(lesions: NDArray[np.float32], edges: tuple[int, ...]) -> Target:
    """The target of a window.

    Args:
        lesions: (n, axes + 1): index of the centre in the window along each axis, diameter in samples.
        edges: samples of the window along each axis.
    """
    cells = tuple(n // CELL for n in edges)
    heat = np.zeros(cells, dtype=np.float32)
    size = np.zeros(cells, dtype=np.float32)
    places = [np.arange(n, dtype=np.float32) for n in cells]
    for row in lesions:
        centre = (row[:-1] - (CELL - 1) / 2) / CELL
        width = max(_WIDTH * float(row[-1]) / CELL, _LEAST)
        square = np.zeros(cells, dtype=np.float32)
        for axis, (place, middle) in enumerate(zip(places, centre, strict=True)):
            line = (place - np.float32(round(float(middle)))) ** 2
            square = square + line.reshape([-1 if axis == n else 1 for n in range(len(cells))])
        bell = np.exp(-square / np.float32(2 * width**2))
        size = np.where(bell > np.maximum(heat, np.float32(_TELL)), np.float32(np.log(max(row[-1], 1.0))), size)
        heat = np.maximum(heat, bell)
    return Target(heat, size.astype(np.float32), heat > _TELL)

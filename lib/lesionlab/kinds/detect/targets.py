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
    """For each cell of a window: ``heat`` in [0, 1], exactly 1 at centres; ``size``, its logarithm; ``told``, where it counts.

    ``heat`` is (classes, *cells), the others (*cells).
    """

    heat: NDArray[np.float32]
    size: NDArray[np.float32]
    told: NDArray[np.bool_]


def target(lesions: NDArray[np.float32], edges: tuple[int, ...], classes: int = 1) -> Target:
    """The target of a window.

    Args:
        lesions: (n, axes + 2): index of the centre in the window along each axis, diameter in samples, class.
        edges: samples of the window along each axis.
        classes: how many there are.
    """
    cells = tuple(n // CELL for n in edges)
    heat = np.zeros((classes, *cells), dtype=np.float32)
    highest = np.zeros(cells, dtype=np.float32)
    size = np.zeros(cells, dtype=np.float32)
    places = [np.arange(n, dtype=np.float32) for n in cells]
    for row in lesions:
        centre = (row[: len(cells)] - (CELL - 1) / 2) / CELL
        diameter, own = float(row[-2]), int(row[-1])
        width = max(_WIDTH * diameter / CELL, _LEAST)
        square = np.zeros(cells, dtype=np.float32)
        for axis, (place, middle) in enumerate(zip(places, centre, strict=True)):
            line = (place - np.float32(round(float(middle)))) ** 2
            square = square + line.reshape([-1 if axis == n else 1 for n in range(len(cells))])
        bell = np.exp(-square / np.float32(2 * width**2))
        size = np.where(bell > np.maximum(highest, np.float32(_TELL)), np.float32(np.log(max(diameter, 1.0))), size)
        heat[own] = np.maximum(heat[own], bell)
        highest = np.maximum(highest, bell)
    return Target(heat, size.astype(np.float32), highest > _TELL)

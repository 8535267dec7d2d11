"""What is true of the lesions of a phantom: where they are marked, and what they measure. Each has a value of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.canvas import Box

_WHOLE = np.ones((3, 3, 3))


@dataclass(frozen=True)
class Extent:
    """A lesion as it came out: value in the truth, centre of mass in RAS mm, longest axial diameter, volume."""

    value: int
    point_mm: Point
    diameter_mm: float
    volume_mm3: float


def mark_largest(truth: NDArray[np.uint8], value: int, box: Box, inside: NDArray[np.bool_]) -> None:
    """Write the largest connected part of ``inside``, which fills ``box``, into the truth where nothing is marked yet."""
    parts, count = ndimage.label(inside, structure=_WHOLE)
    if count:
        largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
        truth[box][(parts == largest) & (truth[box] == 0)] = value


def extents(truth: Volume, spacing_mm: Point) -> Iterator[Extent]:
    """Every lesion of the truth, an axial volume (i, j, k), by its value.

    Args:
        truth: uint8, one value for each lesion.
        spacing_mm: of its voxels, as it was asked for.
    """
    step_i, step_j, _ = spacing_mm
    for value, box in enumerate(ndimage.find_objects(truth.array), start=1):
        if box is None:
            continue
        inside = truth.array[box] == value
        i, j, k = (float(c.mean()) + b.start for c, b in zip(np.nonzero(inside), box, strict=True))
        yield Extent(
            value,
            truth.geometry.index_to_ras((i, j, k)),
            longest_diameter_mm(np.moveaxis(inside, 2, 0), (step_i, step_j)),
            float(inside.sum()) * truth.geometry.voxel_volume_mm3,
        )

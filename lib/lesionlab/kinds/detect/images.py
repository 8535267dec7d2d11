"""Images of a datastore with their lesions, on the grid that the network sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.intensities import Scale, coded
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.store.cases import Case
from lesionlab.store.lesions import lesions_of


@dataclass(frozen=True)
class Found:
    """A lesion as a reader marked it: centre in RAS mm, longest diameter in mm, and which of the task's classes it is."""

    point_mm: Point
    size_mm: float
    lesion_class: int = 0


#: The lesions of the image in a file, on its lattice.
Marks = Callable[[Path, Geometry], Sequence[Found]]


@dataclass(frozen=True, eq=False)
class MarkedImage:
    """One image of a datastore with all its lesions (none: the reader found nothing)."""

    path: Path
    patient: str
    volume: Volume
    lesions: tuple[Found, ...]


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An image on the network's grid.

    Attributes:
        values: scaled intensities as ``coded``, axes R, A (and S).
        lesions: (n, axes + 2): index of the centre along each axis, longest diameter in samples, class.
    """

    values: NDArray[np.uint8]
    lesions: NDArray[np.float32]


def marked_images(
    cases: Iterable[Case], task: DetectTask | None = None, marks_of: Marks | None = None
) -> Iterator[MarkedImage]:
    """Every image with its lesions: by point and size where the case gives both, else the parts of its mask.

    Args:
        cases: of any number of images.
        task: whose classes the labels mean; None: every mark is a lesion, and all are alike.
        marks_of: the lesions of an image whose cases give neither, by other labels.
    """
    ordered = sorted(cases, key=lambda case: case.image)
    for path, rows in groupby(ordered, key=lambda case: case.image):
        of_image = list(rows)
        volume = read_volume(path)
        marks: list[Found] = []
        if marks_of is not None and not any(case.point_mm or case.mask for case in of_image):
            marks += marks_of(path, volume.geometry)
        for case in of_image:
            lesion_class = 0 if task is None else task.class_of(case.label)
            if lesion_class is None:
                continue
            if case.point_mm is not None and case.size_mm is not None:
                marks.append(Found(case.point_mm, case.size_mm, lesion_class))
            elif case.mask is not None:
                marks += marks_of_mask(read_volume(case.mask), lesion_class)
        yield MarkedImage(path, of_image[0].patient, volume, tuple(marks))


def marks_of_mask(mask: Volume, lesion_class: int) -> Iterator[Found]:
    """The parts of a mask, each by its deepest point and its longest diameter in a plane."""
    for lesion in lesions_of(mask):
        step_i, step_j, _ = lesion.mask.geometry.spacing_mm
        size = longest_diameter_mm(np.moveaxis(lesion.mask.array, 2, 0) > 0, (step_i, step_j))
        yield Found(lesion.point_mm, size, lesion_class)


def stored(task: DetectTask, image: MarkedImage) -> StoredImage:
    """Sample a whole image on the task's grid."""
    geometry = image.volume.geometry
    step = task.grid.step_of(geometry)
    order, _ = geometry.canonical_axes()
    r, a, s = (max(1, int(np.ceil(geometry.extent_mm[axis] / step))) for axis in order)
    i, j, k = ((n - 1) / 2 for n in geometry.shape)
    grid = PatchGrid(geometry, geometry.index_to_ras((i, j, k)), step, (r, a, 1 if task.dimension == 2 else s))
    values = Scale.of(task.intensity, image.volume).apply(grid.sample(image.volume))
    axes = task.dimension
    marks = [(*grid.to_patch(x.point_mm)[:axes], x.size_mm / step, float(x.lesion_class)) for x in image.lesions]
    if task.dimension == 2:
        values = values[..., 0]
    table = np.asarray(marks, dtype=np.float32).reshape(-1, axes + 2)
    return StoredImage(coded(values), table)

"""Lesions that have no mask: what their weak labels say is the truth of training, with the weight of their trust."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.data import REACH, SLIP
from lesionlab.kinds.shape.measure import measure
from lesionlab.kinds.shape.samples import EDGE, StoredLesion, store
from lesionlab.store.cases import Case
from lesionlab.store.files import image_name
from lesionlab.store.weak_files import read_weak_folder
from lesionlab.weak.label import PointSize, Presence, WeakLabel
from lesionlab.weak.points import point_and_size
from lesionlab.weak.target import flat_target, is_flat, target

log = logging.getLogger(__name__)

#: Voxels of the cube on which a mark in one plane is trained: a sample may miss a single layer.
_LAYERS = 3.0
#: Two labels mean the same lesion when they share this much of the smaller one.
_SAME = 0.3


@dataclass(frozen=True, eq=False)
class WeakLesion:
    """A lesion that is known by a weak label alone: in which image, whose, by which label, ready to draw from."""

    image: str
    patient: str
    label: WeakLabel
    stored: StoredLesion

    @property
    def sha256(self) -> str:
        """Of what the label says."""
        return hashlib.sha256(repr(self.label).encode()).hexdigest()


def labels_by_image(data: Path) -> Mapping[str, tuple[WeakLabel, ...]]:
    """The weak labels of a datastore that say where a lesion is and how large, by the image's name without its ending."""
    found: dict[str, list[WeakLabel]] = {}
    for label in read_weak_folder(data):
        if not isinstance(label, Presence) and not (isinstance(label, PointSize) and label.size_mm is None):
            found.setdefault(label.image, []).append(label)
    return {image: tuple(labels) for image, labels in found.items()}


def weak_lesions(cases: Iterable[Case], labels: Mapping[str, Sequence[WeakLabel]]) -> Iterator[WeakLesion]:
    """The lesions of the cases' images that have a weak label and no mask; of several labels of one lesion the most trusted.

    Raises:
        InputError: an image cannot be read, or a label lies outside its image.
    """
    for path, rows in groupby(sorted(cases, key=lambda case: case.image), key=lambda case: case.image):
        case = next(rows)
        mask = None if case.mask is None else read_volume(case.mask)
        of_image = [label for label in labels.get(image_name(path), ()) if mask is None or not _within(label, mask)]
        if not of_image:
            continue
        image = read_volume(path)
        taken = [] if mask is None else [Volume(mask.array, image.geometry)]
        for label in sorted(of_image, key=lambda label: -label.trust):
            part = target(label, image.geometry).part
            if part is None or any(_same(part, other) for other in taken):
                continue
            taken.append(Volume((part.array >= 0.5).astype(np.uint8), part.geometry))
            stored = cut_weak(image, label, part)
            if stored is None:
                log.info("the %s in %s is too small to learn from", type(label).__name__, path.name)
            else:
                yield WeakLesion(path.name, case.patient, label, stored)


def cut_weak(image: Volume, label: WeakLabel, part: Volume) -> StoredLesion | None:
    """The cube around a weak label's target; None when it is too small to learn from.

    Args:
        image: any unit.
        label: what was marked.
        part: its target on the image's lattice, a crop.
    """
    lattice = image.geometry
    inside = Volume((part.array >= 0.5).astype(np.uint8), part.geometry)
    if not inside.array.any():
        return None
    measured_mm = measure(inside).diameter_mm
    center_mm, size_mm = point_and_size(label) or (_middle(inside), measured_mm)
    size_mm = measured_mm if size_mm is None else size_mm
    side_mm = min(REACH * max(size_mm, measured_mm), max(lattice.extent_mm))
    grid = PatchGrid.cube(lattice, center_mm, side_mm, EDGE)
    known = None
    if is_flat(label) and min(lattice.shape) > 1:
        share, told = flat_target(label, grid.lattice(), _LAYERS * grid.step_mm)
        truth, known = share.array, told.array > 0.5
    else:
        truth = grid.sample(Volume.zeros(lattice, np.float32).paste(part))
    size = float(np.clip(size_mm / measured_mm, 1 / SLIP, SLIP))
    return store(grid.sample(image), truth, grid.inside(), size, label.trust, known)


def _within(label: WeakLabel, mask: Volume) -> bool:
    """Whether a mark lies in a mask; most do, and then the image need not be read."""
    found = point_and_size(label)
    if found is None or not mask.geometry.contains(found[0]):
        return False
    i, j, k = np.clip(np.rint(mask.geometry.ras_to_index(found[0])), 0, np.asarray(mask.array.shape) - 1).astype(int)
    return bool(mask.array[i, j, k] > 0)


def _middle(inside: Volume) -> Point:
    i, j, k = np.argwhere(inside.array).mean(axis=0)
    return inside.geometry.index_to_ras((float(i), float(j), float(k)))


def _same(part: Volume, other: Volume) -> bool:
    """Whether a good part of the smaller of two crops of one lattice lies in the other.

    Of a whole mask that may hold several lesions only what lies in the box of ``part`` counts.
    """
    start = np.rint(other.geometry.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
    low = np.maximum(start, 0)
    high = np.minimum(start + part.array.shape, other.array.shape)
    if (high <= low).any():
        return False
    beside = other.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] > 0
    mine = part.array[tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))] >= 0.5
    least = min(int(np.count_nonzero(part.array >= 0.5)), int(np.count_nonzero(beside)))
    return least > 0 and int(np.count_nonzero(mine & beside)) >= _SAME * least

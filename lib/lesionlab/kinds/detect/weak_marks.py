"""Where the lesions are by weak labels: spheres and circles say it themselves, of isodoses and contours the parts are measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.images import Found, marks_of_mask
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.store.weak_files import WEAK, read_weak_folder
from lesionlab.weak.label import Circle, PointSize, Presence, Sphere, WeakLabel
from lesionlab.weak.target import target

_INSIDE = 0.5


def weak_labels_of(data: Path) -> Mapping[str, tuple[WeakLabel, ...]]:
    """The weak labels of a datastore that say where lesions are, by the image's name without its ending; none without files."""
    if not (data / WEAK).is_dir():
        return {}
    found: dict[str, list[WeakLabel]] = {}
    for label in read_weak_folder(data):
        if not isinstance(label, Presence):
            found.setdefault(label.image, []).append(label)
    return {image: tuple(labels) for image, labels in found.items()}


def weak_marks(task: DetectTask | None, labels: Iterable[WeakLabel], lattice: Geometry) -> list[Found]:
    """The lesions that the labels of one image mean; points without a size tell too little, and are left out."""
    marks: list[Found] = []
    for label in labels:
        lesion_class = 0 if task is None else task.class_of(label.name)
        if lesion_class is not None:
            marks += _marks(label, lattice, lesion_class)
    return marks


def _marks(label: WeakLabel, lattice: Geometry, lesion_class: int) -> Sequence[Found]:
    if isinstance(label, Presence):
        return ()
    if isinstance(label, PointSize):
        return () if label.size_mm is None else (Found(label.point_mm, label.size_mm, lesion_class),)
    if isinstance(label, Sphere | Circle):
        return (Found(label.center_mm, label.diameter_mm, lesion_class),)
    part = target(label, lattice).part
    if part is None:
        return ()
    inside = (part.array >= _INSIDE).astype(np.uint8)
    return tuple(marks_of_mask(Volume(inside, part.geometry), lesion_class))

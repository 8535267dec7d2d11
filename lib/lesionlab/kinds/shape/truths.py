"""The lesions of a datastore with their truth, as a reader would click them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.measure import measure
from lesionlab.store.cases import Case
from lesionlab.store.lesions import lesions_of


@dataclass(frozen=True, eq=False)
class TrueLesion:
    """One lesion of a case.

    Attributes:
        name: of the image.
        patient: whose.
        image: the whole volume.
        truth: uint8 0/1 on the image's lattice, this lesion only.
        point_mm: where the reader clicked, else the deepest voxel, RAS mm.
        size_mm: what the reader said, else the longest axial diameter of the truth.
    """

    name: str
    patient: str
    image: Volume
    truth: Volume
    point_mm: Point
    size_mm: float


def true_lesions(cases: Iterable[Case], strict: bool = True) -> Iterator[TrueLesion]:
    """Every lesion of the cases that have a mask, one image in memory at a time.

    Args:
        cases: of any number of images.
        strict: whether a point that lies in no lesion of its mask is an error; else such a case has no truth yet.

    Raises:
        InputError: an image or mask cannot be read, they do not share a lattice, or (``strict``) a point lies in no lesion.
    """
    with_mask = sorted((case for case in cases if case.mask is not None), key=lambda case: case.image)
    for image_path, rows in groupby(with_mask, key=lambda case: case.image):
        image = read_volume(image_path)
        for case in rows:
            yield from _of_case(case, image, strict)


def _of_case(case: Case, image: Volume, strict: bool) -> Iterator[TrueLesion]:
    if case.mask is None:
        return
    mask = read_volume(case.mask)
    if not mask.geometry.same_as(image.geometry, tolerance_mm=0.05):
        raise InputError(
            "the mask does not lie on its image's lattice",
            got=f"{case.mask}: {_lattice(mask)}",
            expected=_lattice(image),
            hint="export the mask with the image as reference",
        )
    points = () if case.point_mm is None else (case.point_mm,)
    try:
        found = lesions_of(Volume(mask.array, image.geometry), points)
    except InputError:
        if strict:
            raise
        return
    for lesion in found:
        truth = Volume.zeros(image.geometry).paste(lesion.mask)
        size_mm = measure(lesion.mask).diameter_mm if case.size_mm is None else case.size_mm
        yield TrueLesion(Path(case.image).name, case.patient, image, truth, lesion.point_mm, size_mm)


def _lattice(volume: Volume) -> str:
    spacing = " x ".join(f"{step:.2f}" for step in volume.geometry.spacing_mm)
    return f"{' x '.join(map(str, volume.geometry.shape))} voxels of {spacing} mm"

"""A cohort of simulated lesions with truth, as a datastore: parts of chest CTs with one to three nodules each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from lesionlab.errors import InternalError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.chest import ChestPhantom, ChestSettings, simulate_chest
from lesionlab.phantoms.chest_nodules import Form, Kind, Nodule, Site
from lesionlab.phantoms.lattice import same_view
from lesionlab.phantoms.scanner import Scanner
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case

_TRIES = 5
_KINDS: tuple[Kind, ...] = get_args(Kind)
_FORMS: tuple[Form, ...] = get_args(Form)
_SITES: tuple[Site, ...] = get_args(Site)


@dataclass(frozen=True)
class _Shift:
    """Another scanner or site: how it scans, and how it stores what it scanned."""

    scan: Callable[[ChestSettings], ChestSettings] = lambda settings: settings
    stored: Callable[[Volume], Volume] = lambda volume: volume


def _flipped(volume: Volume) -> Volume:
    """The same image with its axes in another order and two of them backwards."""
    array = volume.array.transpose(2, 0, 1)[:, ::-1, ::-1]
    affine = volume.geometry.affine[:, [2, 0, 1, 3]].copy()
    for axis in (1, 2):
        affine[:, 3] += affine[:, axis] * (array.shape[axis] - 1)
        affine[:, axis] *= -1
    return Volume(array, Geometry(array.shape, affine))


def _thick(settings: ChestSettings) -> ChestSettings:
    spacing_mm = (*settings.spacing_mm[:2], 5.0)
    return replace(
        settings,
        shape=same_view(settings.shape, settings.spacing_mm, spacing_mm),
        spacing_mm=spacing_mm,
        scanner=replace(settings.scanner, slab_mm=5.0, noise_hu=12.0),
        slabs=4,
    )


SHIFTS = MappingProxyType(
    {
        "low-dose": _Shift(scan=lambda s: replace(s, scanner=replace(s.scanner, noise_hu=60.0))),
        "soft-kernel": _Shift(scan=lambda s: replace(s, scanner=replace(s.scanner, blur_mm=1.1, noise_hu=9.0))),
        "thick": _Shift(scan=_thick),
        "flipped": _Shift(stored=_flipped),
    }
)
_SETTINGS = ChestSettings(shape=(192, 192, 96), spacing_mm=(0.8, 0.8, 1.5), leaves=3000, scanner=Scanner())


def write_cohort(
    out: Path,
    cases: int,
    rng: np.random.Generator,
    shift: str | None = None,
    settings: ChestSettings = _SETTINGS,
) -> None:
    """Write ``cases`` images, their masks (uint8 0/1) and ``cases.csv`` with a point and a size for each nodule.

    Args:
        out: a folder; made when it does not exist.
        cases: how many images; each is a patient of its own.
        rng: the same state gives the same cohort.
        shift: one of ``SHIFTS``, or None for the standard scanner.
        settings: the lattice; its centre and nodules are drawn for each case.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    site = begin(out, shift, SHIFTS, _Shift())

    def write(number: int, each: np.random.Generator) -> list[Case]:
        return _write_case(out, f"chest-{number:04d}", _draw(each, site, settings), site)

    write_each(out, cases, rng, write)


def _write_case(out: Path, name: str, phantom: ChestPhantom, site: _Shift) -> list[Case]:
    image = out / f"{name}.nii.gz"
    write_volume(site.stored(phantom.image), image)
    mask = write_mask(image, site.stored(phantom.truth))
    return [
        Case(image, mask, name, lesion.nodule.kind, lesion.point_mm, round(lesion.diameter_mm, 2), "phantom")
        for lesion in phantom.lesions
    ]


def _draw(rng: np.random.Generator, site: _Shift, settings: ChestSettings) -> ChestPhantom:
    """One patient with at least one nodule in view."""
    for _ in range(_TRIES):
        side = 1.0 if rng.random() < 0.5 else -1.0
        center = (side * rng.uniform(65, 85), rng.uniform(-25, 10), rng.uniform(-15, 30))
        nodules = tuple(_nodule(rng) for _ in range(int(rng.integers(1, 4))))
        phantom = simulate_chest(rng, site.scan(replace(settings, center_mm=center, nodules=nodules)))
        if phantom.lesions:
            return phantom
    raise InternalError("no nodule found room in the image", got=settings.shape, expected="an image of 100 mm or more")


def _nodule(rng: np.random.Generator) -> Nodule:
    return Nodule(
        size_mm=float(np.exp(rng.uniform(np.log(5.5), np.log(30)))),
        kind=_KINDS[int(rng.choice(len(_KINDS), p=(0.6, 0.2, 0.2)))],
        form=_FORMS[int(rng.choice(len(_FORMS), p=(0.25, 0.45, 0.3)))],
        site=_SITES[int(rng.choice(len(_SITES), p=(0.2, 0.35, 0.3, 0.15)))],
    )

"""A cohort of simulated MR angiograms with aneurysms, their truth and their sizes, as a datastore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.phantoms.lattice import same_view
from lesionlab.phantoms.vessels import Angiogram, AngiogramSettings, Magnet, simulate_angiogram
from lesionlab.phantoms.vessels_aneurysms import Aneurysm
from lesionlab.phantoms.vessels_tissue import Levels
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case


def _low_field(settings: AngiogramSettings) -> AngiogramSettings:
    """1.5 T: coarser, noisier, and a background that is suppressed less."""
    magnet = Magnet(noise=0.07, blur_mm=0.42, levels=Levels(brain=0.38, fluid=0.14, fat=0.55))
    spacing_mm = (0.8, 0.8, 1.0)
    shape = same_view(settings.shape, settings.spacing_mm, spacing_mm)
    return replace(settings, shape=shape, spacing_mm=spacing_mm, magnet=magnet)


def _high_field(settings: AngiogramSettings) -> AngiogramSettings:
    """7 T: a darker background, and a coil that shades."""
    return replace(settings, magnet=Magnet(noise=0.03, blur_mm=0.2, shading=0.55, levels=Levels(brain=0.2, fluid=0.06)))


def _saturated(settings: AngiogramSettings) -> AngiogramSettings:
    """One thick slab: blood fades on its way up."""
    return replace(settings, magnet=Magnet(saturation=0.6, slabs=1))


SHIFTS: MappingProxyType[str, Callable[[AngiogramSettings], AngiogramSettings]] = MappingProxyType(
    {"low-field": _low_field, "high-field": _high_field, "saturated": _saturated}
)


def write_cohort(
    out: Path,
    cases: int,
    rng: np.random.Generator,
    shift: str | None = None,
    settings: AngiogramSettings | None = None,
) -> None:
    """Write ``cases`` images, their masks (uint8 0/1) and ``cases.csv`` with a centre and a size for each aneurysm.

    One in four has none, and an empty mask. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    change: Callable[[AngiogramSettings], AngiogramSettings] = begin(out, shift, SHIFTS, lambda usual: usual)
    site = change(settings or AngiogramSettings())
    write_each(out, cases, rng, lambda number, each: _write_case(out, f"mra-{number:04d}", draw_angiogram(each, site)))


def draw_angiogram(rng: np.random.Generator, settings: AngiogramSettings) -> Angiogram:
    """One patient with none, one or two aneurysms of 2 to 12 mm."""
    count = int(rng.choice(3, p=(0.25, 0.6, 0.15)))
    aneurysms = tuple(_aneurysm(rng) for _ in range(count))
    magnet = settings.magnet
    magnet = replace(
        magnet,
        noise=magnet.noise * float(rng.uniform(0.8, 1.25)),
        saturation=min(0.8, magnet.saturation * float(rng.uniform(0.5, 1.4))),
    )
    return simulate_angiogram(rng, replace(settings, aneurysms=aneurysms, magnet=magnet))


def _aneurysm(rng: np.random.Generator) -> Aneurysm:
    size = float(np.exp(rng.uniform(np.log(2.2), np.log(12))))
    return Aneurysm(
        size_mm=size,
        blebs=int(rng.choice(3, p=(0.6, 0.3, 0.1))) if size > 4 else 0,
        thrombosed=float(rng.uniform(0.15, 0.5)) if size > 6 and rng.random() < 0.25 else 0.0,
    )


def _write_case(out: Path, name: str, phantom: Angiogram) -> list[Case]:
    image = out / f"{name}.nii.gz"
    write_volume(phantom.image, image)
    mask = write_mask(image, phantom.truth)
    if not phantom.lesions:
        return [Case(image, mask, name, "normal", reader="phantom")]
    return [
        Case(image, mask, name, "aneurysm", each.point_mm, round(each.diameter_mm, 2), "phantom")
        for each in phantom.lesions
    ]

"""A cohort of simulated chest CTs of bodies, drowned or dead of the heart, as a datastore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.phantoms.lattice import same_view
from lesionlab.phantoms.postmortem import PostmortemSettings, simulate_postmortem
from lesionlab.phantoms.scanner import Scanner
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case


def _low_dose(settings: PostmortemSettings) -> PostmortemSettings:
    return replace(settings, scanner=replace(settings.scanner, noise_hu=45.0))


def _sharp_kernel(settings: PostmortemSettings) -> PostmortemSettings:
    """A kernel for bone, and a wider field of view."""
    i, j, k = settings.spacing_mm
    return replace(
        settings, spacing_mm=(1.15 * i, 1.15 * j, k), scanner=Scanner(noise_hu=32.0, blur_mm=0.25, slab_mm=k)
    )


def _thick(settings: PostmortemSettings) -> PostmortemSettings:
    """Slices of 8 mm."""
    spacing_mm = (*settings.spacing_mm[:2], 8.0)
    return replace(
        settings,
        shape=same_view(settings.shape, settings.spacing_mm, spacing_mm),
        spacing_mm=spacing_mm,
        scanner=replace(settings.scanner, slab_mm=8.0, noise_hu=9.0),
        slabs=4,
    )


SHIFTS: MappingProxyType[str, Callable[[PostmortemSettings], PostmortemSettings]] = MappingProxyType(
    {"low-dose": _low_dose, "sharp-kernel": _sharp_kernel, "thick": _thick}
)


def write_cohort(
    out: Path,
    cases: int,
    rng: np.random.Generator,
    shift: str | None = None,
    settings: PostmortemSettings | None = None,
) -> None:
    """Write ``cases`` CTs, every other one ``drowning``, masks of what speaks for it, and ``cases.csv``.

    Each image is a body of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    change: Callable[[PostmortemSettings], PostmortemSettings] = begin(out, shift, SHIFTS, lambda usual: usual)
    site = change(settings or PostmortemSettings())

    def write(number: int, each: np.random.Generator) -> list[Case]:
        phantom = simulate_postmortem(each, number % 2 == 0, site)
        name = f"body-{number:04d}"
        image = out / f"{name}.nii.gz"
        write_volume(phantom.image, image)
        mask = write_mask(image, phantom.region)
        return [Case(image, mask, name, "drowning" if phantom.drowned else "cardiac", reader="phantom")]

    write_each(out, cases, rng, write)

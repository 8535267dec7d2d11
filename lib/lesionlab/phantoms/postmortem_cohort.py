"""A cohort of simulated chest CTs of bodies, drowned or dead of the heart, as a datastore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.phantoms.fresh import check_fresh
from lesionlab.phantoms.postmortem import PostmortemSettings, simulate_postmortem
from lesionlab.phantoms.scanner import Scanner
from lesionlab.store.cases import MASKS, Case, write_cases


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
    i, j, k = settings.shape
    step_i, step_j, step_k = settings.spacing_mm
    return replace(
        settings,
        shape=(i, j, max(8, round(k * step_k / 8))),
        spacing_mm=(step_i, step_j, 8.0),
        scanner=replace(settings.scanner, slab_mm=8.0, noise_hu=9.0),
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
    check_fresh(out, shift, SHIFTS)
    (out / MASKS).mkdir(parents=True, exist_ok=True)
    settings = settings or PostmortemSettings()
    settings = settings if shift is None else SHIFTS[shift](settings)
    listed: list[Case] = []
    for number, each in enumerate(rng.spawn(cases), start=1):
        phantom = simulate_postmortem(each, number % 2 == 0, settings)
        name = f"body-{number:04d}.nii.gz"
        write_volume(phantom.image, out / name)
        write_volume(phantom.region, out / MASKS / name)
        label = "drowning" if phantom.drowned else "cardiac"
        listed.append(Case(out / name, out / MASKS / name, name.removesuffix(".nii.gz"), label, reader="phantom"))
    write_cases(out, listed)

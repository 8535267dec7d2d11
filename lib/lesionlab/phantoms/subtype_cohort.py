"""A cohort of simulated mammographic regions around cancers of three subtypes, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.phantoms.fresh import check_fresh
from lesionlab.phantoms.mammogram import Film
from lesionlab.phantoms.picture import write_png, write_region
from lesionlab.phantoms.subtype import simulate_subtype
from lesionlab.phantoms.subtype_growth import TYPICAL
from lesionlab.store.cases import Case, write_cases

SHIFTS = MappingProxyType(
    {
        "digital": Film(gamma=0.75, noise=1.0, blur=0.5),
        "old-film": Film(gamma=1.35, noise=7.0, blur=1.6),
    }
)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` PNGs, a third of each subtype, the tumours' cores as masks, and ``cases.csv``.

    Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    check_fresh(out, shift, SHIFTS)
    out.mkdir(parents=True, exist_ok=True)
    film = None if shift is None else SHIFTS[shift]
    names = tuple(TYPICAL)
    listed: list[Case] = []
    for number, each in enumerate(rng.spawn(cases), start=1):
        phantom = simulate_subtype(each, names[number % len(names)], film)
        image = out / f"subtype-{number:04d}.png"
        write_png(image, phantom.image)
        mask = write_region(image, phantom.core)
        listed.append(Case(image, mask, image.stem, phantom.subtype, reader="phantom"))
    write_cases(out, listed)

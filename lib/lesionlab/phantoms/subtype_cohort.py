"""A cohort of simulated mammographic regions around cancers of three subtypes, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.phantoms.mammogram import Film
from lesionlab.phantoms.picture import write_png, write_region
from lesionlab.phantoms.subtype import simulate_subtype
from lesionlab.phantoms.subtype_growth import TYPICAL
from lesionlab.phantoms.writing import begin, write_each
from lesionlab.store.cases import Case

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
    film = begin(out, shift, SHIFTS, None)
    names = tuple(TYPICAL)

    def write(number: int, each: np.random.Generator) -> list[Case]:
        phantom = simulate_subtype(each, names[number % len(names)], film)
        image = out / f"subtype-{number:04d}.png"
        write_png(image, phantom.image)
        mask = write_region(image, phantom.core)
        return [Case(image, mask, image.stem, phantom.subtype, reader="phantom")]

    write_each(out, cases, rng, write)

"""A cohort of simulated double-contrast radiographs, with and without the folds of gastritis, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.phantoms.picture import write_png, write_region
from lesionlab.phantoms.stomach import Unit, simulate_stomach
from lesionlab.phantoms.writing import begin, write_each
from lesionlab.store.cases import Case

SHIFTS = MappingProxyType(
    {
        "intensifier": Unit(quanta=5000, blur=1.2, detail=0.2, round_field=True, field_mm=310.0),
        "film": Unit(quanta=9000, blur=1.0, detail=0.0, gamma=1.45),
        "thin-barium": Unit(coat=0.6, detail=0.9, gamma=0.85, field_mm=260.0),
    }
)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` PNGs, every other one ``positive``, the changed lining of those as masks, and ``cases.csv``.

    Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    unit = begin(out, shift, SHIFTS, None)

    def write(number: int, each: np.random.Generator) -> list[Case]:
        phantom = simulate_stomach(each, inflamed=number % 2 == 0, unit=unit)
        image = out / f"stomach-{number:04d}.png"
        write_png(image, phantom.image)
        mask = write_region(image, phantom.region)
        return [Case(image, mask, image.stem, "positive" if phantom.inflamed else "negative", reader="phantom")]

    write_each(out, cases, rng, write)

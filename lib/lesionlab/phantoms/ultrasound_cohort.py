"""A cohort of simulated breast ultrasound images with a benign or malignant lesion each, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.phantoms.picture import write_png, write_region
from lesionlab.phantoms.ultrasound import Machine, simulate_ultrasound
from lesionlab.phantoms.writing import begin, write_each
from lesionlab.store.cases import Case

SHIFTS = MappingProxyType(
    {
        "low-frequency": Machine(pulse_mm=0.15, beam_mm=0.3, looks=1, noise_db=-44.0, deep_mm=(40.0, 60.0)),
        "compound": Machine(looks=5, range_db=66.0, smooth=0.9, gamma=0.85),
        "high-contrast": Machine(looks=2, range_db=42.0, gain_db=-3.0, gamma=1.25, height=360),
    }
)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` PNGs, every other one ``malignant``, the lesions' masks, and ``cases.csv`` with a point and a size each.

    A pixel counts as 1 mm, as in any PNG. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    machine = begin(out, shift, SHIFTS, None)

    def write(number: int, each: np.random.Generator) -> list[Case]:
        phantom = simulate_ultrasound(each, malignant=number % 2 == 0, machine=machine)
        image = out / f"ultrasound-{number:04d}.png"
        write_png(image, phantom.image)
        mask = write_region(image, phantom.mask)
        x, y = phantom.point
        label = "malignant" if phantom.malignant else "benign"
        return [Case(image, mask, image.stem, label, (-x, -y, 0.0), round(phantom.size, 1), "phantom")]

    write_each(out, cases, rng, write)

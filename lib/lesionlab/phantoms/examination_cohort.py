"""A cohort of simulated mammographic examinations, benign and malignant, as a datastore."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.examination import simulate_examination
from lesionlab.phantoms.mammogram import Film
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case

SHIFTS = MappingProxyType(
    {
        "digital": Film(gamma=0.75, noise=1.0, blur=0.4),
        "old-film": Film(gamma=1.35, noise=6.0, blur=1.2),
    }
)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` images (x, y, view), every other one ``malignant``, the cancers' masks, and ``cases.csv``.

    The views are R-CC, L-CC, R-MLO and L-MLO; a pixel counts as 1 mm. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    film = begin(out, shift, SHIFTS, None)

    def write(number: int, each: np.random.Generator) -> list[Case]:
        examination = simulate_examination(each, number % 2 == 0, film)
        name = f"examination-{number:04d}"
        image = out / f"{name}.nii.gz"
        write_volume(_stack(examination.image), image)
        mask = write_mask(image, _stack(examination.region.astype(np.uint8)))
        return [Case(image, mask, name, "malignant" if examination.malignant else "benign", reader="phantom")]

    write_each(out, cases, rng, write)


def _stack(views: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Volume:
    """Views (view, y, x) as a volume (x, y, view) that lies as a picture does: x to the left, y to the back."""
    count, rows, columns = views.shape
    geometry = Geometry((columns, rows, count), np.diag([-1.0, -1.0, 1.0, 1.0]))
    return Volume(views.transpose(2, 1, 0), geometry)

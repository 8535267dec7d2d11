"""A cohort of simulated mammographic examinations, benign and malignant, as a datastore."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.examination import simulate_examination
from lesionlab.phantoms.fresh import check_fresh
from lesionlab.phantoms.mammogram import Film
from lesionlab.store.cases import MASKS, Case, write_cases

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
    check_fresh(out, shift, SHIFTS)
    (out / MASKS).mkdir(parents=True, exist_ok=True)
    film = None if shift is None else SHIFTS[shift]
    listed: list[Case] = []
    for number, each in enumerate(rng.spawn(cases), start=1):
        examination = simulate_examination(each, number % 2 == 0, film)
        name = f"examination-{number:04d}.nii.gz"
        write_volume(_stack(examination.image), out / name)
        write_volume(_stack(examination.region.astype(np.uint8)), out / MASKS / name)
        label = "malignant" if examination.malignant else "benign"
        listed.append(Case(out / name, out / MASKS / name, name.removesuffix(".nii.gz"), label, reader="phantom"))
    write_cases(out, listed)


def _stack(views: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Volume:
    """Views (view, y, x) as a volume (x, y, view) that lies as a picture does: x to the left, y to the back."""
    count, rows, columns = views.shape
    geometry = Geometry((columns, rows, count), np.diag([-1.0, -1.0, 1.0, 1.0]))
    return Volume(views.transpose(2, 1, 0), geometry)

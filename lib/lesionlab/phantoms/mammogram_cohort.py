"""A cohort of simulated mammograms with masses marked by circles, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from lesionlab.phantoms.fresh import check_fresh
from lesionlab.phantoms.mammogram import Border, Film, Mammogram, Mass, simulate_mammogram
from lesionlab.store.cases import Case, write_cases

SHIFTS = MappingProxyType(
    {
        "digital": Film(gamma=0.75, noise=1.0, blur=0.4),
        "old-film": Film(gamma=1.35, noise=7.0, blur=1.4),
    }
)
_BORDERS: tuple[Border, ...] = get_args(Border)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` PNGs and ``cases.csv`` with a centre and a longest diameter for each mass; one in four has none.

    A pixel counts as 1 mm, as in any PNG. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    check_fresh(out, shift, SHIFTS)
    out.mkdir(parents=True, exist_ok=True)
    film = None if shift is None else SHIFTS[shift]
    listed: list[Case] = []
    for number, each in enumerate(rng.spawn(cases), start=1):
        listed += _write_case(out / f"mammo-{number:04d}.png", simulate_mammogram(each, _masses(each), film))
    write_cases(out, listed)


def _masses(rng: np.random.Generator) -> tuple[Mass, ...]:
    count = int(rng.choice(3, p=(0.25, 0.6, 0.15)))
    return tuple(
        Mass(
            size=float(np.exp(rng.uniform(np.log(20), np.log(130)))),
            border=_BORDERS[int(rng.integers(len(_BORDERS)))],
            contrast=float(rng.uniform(22, 70)),
        )
        for _ in range(count)
    )


def _write_case(path: Path, phantom: Mammogram) -> list[Case]:
    from PIL import Image

    Image.fromarray(phantom.image).save(path)
    name = path.stem
    if not phantom.findings:
        return [Case(path, None, name, "normal", reader="phantom")]
    return [Case(path, None, name, f.border, (-f.x, -f.y, 0.0), round(f.size, 1), "phantom") for f in phantom.findings]

"""A cohort of simulated chest radiographs with masses marked by circles, as a datastore of PNGs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from lesionlab.phantoms.radiograph import Detector, Radiograph, simulate_radiograph
from lesionlab.phantoms.radiograph_body import Body, Border, Mass, simulate_body
from lesionlab.phantoms.writing import begin
from lesionlab.store.cases import Case, write_cases

SHIFTS = MappingProxyType(
    {
        "bedside": Detector(distance_mm=1100, frontal=False, scatter=0.9, quanta=7000, blur=0.9, detail=0.3),
        "film": Detector(scatter=0.5, quanta=9000, blur=1.3, gamma=1.35, detail=0.0),
        "enhanced": Detector(scatter=0.2, quanta=60000, blur=0.4, gamma=0.85, detail=1.3),
    }
)
#: Pictures of one patient, who stands differently each time, with other masses.
_IMAGES_PER_BODY = 5
_BORDERS: tuple[Border, ...] = get_args(Border)


def write_cohort(
    out: Path,
    cases: int,
    rng: np.random.Generator,
    shift: str | None = None,
    draw_body: Callable[[np.random.Generator], Body] = simulate_body,
) -> None:
    """Write ``cases`` PNGs and ``cases.csv`` with a centre and a longest diameter for each mass; one in four has none.

    A pixel counts as 1 mm, as in any PNG. Five images in a row are of one patient.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    detector = begin(out, shift, SHIFTS, None)
    listed: list[Case] = []
    for first, patient in zip(range(0, cases, _IMAGES_PER_BODY), rng.spawn(-(-cases // _IMAGES_PER_BODY)), strict=True):
        body = draw_body(patient)
        name = f"patient-{first // _IMAGES_PER_BODY + 1:04d}"
        for number, each in enumerate(patient.spawn(min(_IMAGES_PER_BODY, cases - first)), start=first + 1):
            listed += _write_case(out / f"radiograph-{number:04d}.png", name, draw_radiograph(each, body, detector))
    write_cases(out, listed)


def draw_radiograph(rng: np.random.Generator, body: Body, detector: Detector | None = None) -> Radiograph:
    """One picture with none, one or two masses of 12 to 50 mm."""
    count = int(rng.choice(3, p=(0.25, 0.6, 0.15)))
    masses = tuple(
        Mass(
            size_mm=float(rng.uniform(12, 50)),
            border=_BORDERS[int(rng.integers(len(_BORDERS)))],
            density=float(rng.uniform(0.8, 1.1)),
        )
        for _ in range(count)
    )
    return simulate_radiograph(rng, body, masses, detector)


def _write_case(path: Path, patient: str, phantom: Radiograph) -> list[Case]:
    from PIL import Image

    Image.fromarray(phantom.image).save(path)
    if not phantom.findings:
        return [Case(path, None, patient, "normal", reader="phantom")]
    return [
        Case(path, None, patient, f.border, (-f.x, -f.y, 0.0), round(f.size, 1), "phantom") for f in phantom.findings
    ]

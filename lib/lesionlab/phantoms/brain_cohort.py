"""A cohort of simulated heads with metastases, their truth and their Gamma Knife plans, as a datastore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.image.volume import Volume
from lesionlab.phantoms.brain import HeadPhantom, HeadSettings, Sequence, simulate_head
from lesionlab.phantoms.brain_dose import write_dose
from lesionlab.phantoms.brain_metastases import Metastasis
from lesionlab.phantoms.brain_tissue import Levels
from lesionlab.phantoms.lattice import same_view
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case

#: Doses: as NIfTI, and as DICOM RTDOSE where weak labels are looked for.
DOSES, WEAK = Path("labels") / "dose", Path("labels") / "weak"


def _spin_echo(settings: HeadSettings) -> HeadSettings:
    """Blood flows out of the echo and is dark; grey and white matter differ less."""
    levels = Levels(grey=0.44, white=0.5, fluid=0.16, blood=0.06)
    return replace(settings, sequence=replace(settings.sequence, levels=levels))


def _thick(settings: HeadSettings) -> HeadSettings:
    """Slices of 3 mm."""
    spacing_mm = (*settings.spacing_mm[:2], 3.0)
    shape = same_view(settings.shape, settings.spacing_mm, spacing_mm)
    return replace(settings, shape=shape, spacing_mm=spacing_mm, slabs=3)


def _low_field(settings: HeadSettings) -> HeadSettings:
    """Noisier and softer."""
    return replace(settings, sequence=replace(settings.sequence, noise=0.075, blur_mm=0.7))


def _low_contrast(settings: HeadSettings) -> HeadSettings:
    """Less contrast medium, or an early scan."""
    return replace(settings, sequence=replace(settings.sequence, uptake=0.65))


SHIFTS: MappingProxyType[str, Callable[[HeadSettings], HeadSettings]] = MappingProxyType(
    {"spin-echo": _spin_echo, "thick": _thick, "low-field": _low_field, "low-contrast": _low_contrast}
)


def write_cohort(
    out: Path, cases: int, rng: np.random.Generator, shift: str | None = None, settings: HeadSettings | None = None
) -> None:
    """Write ``cases`` images, their masks (uint8 0/1), their doses and ``cases.csv`` with a centre and a size for each metastasis.

    One in five has none. A dose in Gy lies in ``labels/dose/`` as NIfTI and in ``labels/weak/`` as DICOM RTDOSE, both on the
    plan's own lattice; 20 Gy is the 50 % isodose that was prescribed. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    change: Callable[[HeadSettings], HeadSettings] = begin(out, shift, SHIFTS, lambda usual: usual)
    site = change(settings or HeadSettings())
    for folder in (DOSES, WEAK):
        (out / folder).mkdir(parents=True, exist_ok=True)
    write_each(out, cases, rng, lambda number, each: _write_case(out, f"brain-{number:04d}", draw_head(each, site)))


def draw_head(rng: np.random.Generator, settings: HeadSettings) -> HeadPhantom:
    """One patient with none to six metastases of 2 to 20 mm."""
    count = int(rng.choice(7, p=(0.2, 0.25, 0.2, 0.13, 0.1, 0.07, 0.05)))
    sequence: Sequence = replace(
        settings.sequence,
        noise=settings.sequence.noise * float(rng.uniform(0.7, 1.4)),
        uptake=settings.sequence.uptake * float(rng.uniform(0.85, 1.1)),
    )
    metastases = tuple(_metastasis(rng) for _ in range(count))
    return simulate_head(rng, replace(settings, metastases=metastases, sequence=sequence))


def _metastasis(rng: np.random.Generator) -> Metastasis:
    size = float(np.exp(rng.uniform(np.log(2.2), np.log(20))))
    return Metastasis(
        size_mm=size,
        form="ring" if size > 7 and rng.random() < 0.5 else "solid",
        signal=float(rng.uniform(0.72, 1.0)),
        oedema_mm=float(rng.uniform(3, 12)) if size > 7 and rng.random() < 0.6 else 0.0,
    )


def _write_case(out: Path, name: str, phantom: HeadPhantom) -> list[Case]:
    image = out / f"{name}.nii.gz"
    write_volume(phantom.image, image)
    mask = write_mask(image, phantom.truth)
    if not phantom.lesions:
        return [Case(image, mask, name, "normal", reader="phantom")]
    dose = Volume(np.round(phantom.dose.array, 2), phantom.dose.geometry)
    write_volume(dose, out / DOSES / f"{name}.nii.gz")
    write_dose(dose, out / WEAK / f"{name}.dose.dcm", name)
    return [
        Case(image, mask, name, each.metastasis.form, each.point_mm, round(each.diameter_mm, 2), "phantom")
        for each in phantom.lesions
    ]

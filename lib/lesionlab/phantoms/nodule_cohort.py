"""A cohort of unequal kinds, as a lab's pool of cases has them: small parts of chest CTs with one nodule each.

Most nodules are solid, free in the lung and well scanned. The other kinds are rare, harder to see, or outlined by a rule of their
own: of part-solid nodules the solid core is outlined while their size is the whole nodule's, and of planning scans the target,
which has a margin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InternalError
from lesionlab.image.files import write_volume
from lesionlab.image.volume import Volume
from lesionlab.phantoms.chest import ChestPhantom, ChestSettings, simulate_chest
from lesionlab.phantoms.chest_nodules import Form, Kind, Nodule, Site
from lesionlab.phantoms.scanner import Scanner
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case

_TRIES = 8
#: From the midline to the middle of the image, mm; with the chest wall in view, and without.
_AT_WALL_MM, _IN_LUNG_MM = (88.0, 100.0), (65.0, 82.0)


@dataclass(frozen=True)
class Stratum:
    """One kind of case.

    Attributes:
        share: how frequent it is.
        kind, forms, site: of the nodule.
        noise_hu, slab_mm: of the scanner.
        margin: by how much of its size the outline lies outside the nodule; negative inside.
    """

    share: float
    kind: Kind = "solid"
    forms: tuple[Form, ...] = ("smooth", "lobulated")
    site: Site = "free"
    noise_hu: float = 24.0
    slab_mm: float = 1.5
    margin: float = 0.0


STRATA = MappingProxyType(
    {
        "solid": Stratum(0.68),
        "pleural": Stratum(0.08, forms=("lobulated", "spiculated"), site="pleura"),
        "ground-glass": Stratum(0.08, kind="ground-glass"),
        "planning": Stratum(0.08, forms=("lobulated",), site="vessel", noise_hu=60.0, margin=0.12),
        "part-solid": Stratum(0.08, kind="part-solid", margin=-0.2),
    }
)
#: Another site: every kind is as frequent as the others.
SHIFTS = MappingProxyType({"even": MappingProxyType({name: 1 / len(STRATA) for name in STRATA})})
_USUAL = MappingProxyType({name: stratum.share for name, stratum in STRATA.items()})


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` images of one nodule each, their masks (uint8 0/1), and ``cases.csv`` with point, size and kind (``label``).

    Args:
        out: a folder; made when it does not exist.
        cases: how many; each is a patient of its own.
        rng: the same state gives the same cohort.
        shift: one of ``SHIFTS``, or None for the usual shares.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    shares = begin(out, shift, SHIFTS, _USUAL)
    strata = rng.choice(list(shares), size=cases, p=list(shares.values()))

    def write(number: int, each: np.random.Generator) -> list[Case]:
        return [_write_case(out, f"nodule-{number:04d}", str(strata[number - 1]), each)]

    write_each(out, cases, rng, write)


def _write_case(out: Path, name: str, stratum: str, rng: np.random.Generator) -> Case:
    phantom = draw_nodule(rng, STRATA[stratum])
    # Not compressed: small, and read again and again.
    image = out / f"{name}.nii"
    write_volume(phantom.image, image)
    lesion = phantom.lesions[0]
    mask = write_mask(image, outlined(phantom.mask(lesion), STRATA[stratum].margin * lesion.nodule.size_mm))
    return Case(image, mask, name, stratum, lesion.point_mm, round(lesion.diameter_mm, 2), "phantom")


def outlined(mask: Volume, margin_mm: float) -> Volume:
    """The mask (uint8 0/1) grown by a margin, or shrunk by a negative one."""
    from scipy.ndimage import distance_transform_edt

    inside: NDArray[np.bool_] = mask.array > 0
    steps = mask.geometry.spacing_mm
    if margin_mm > 0:
        inside = distance_transform_edt(~inside, sampling=steps) <= margin_mm
    elif margin_mm < 0:
        inside = distance_transform_edt(inside, sampling=steps) > -margin_mm
    return Volume(inside.astype(np.uint8), mask.geometry)


def draw_nodule(rng: np.random.Generator, stratum: Stratum) -> ChestPhantom:
    """A cube of about 75 mm of lung with one nodule of a stratum."""
    slices = round(72 / stratum.slab_mm)
    for _ in range(_TRIES):
        side = 1.0 if rng.random() < 0.5 else -1.0
        from_midline = rng.uniform(*(_AT_WALL_MM if stratum.site == "pleura" else _IN_LUNG_MM))
        form = stratum.forms[int(rng.integers(len(stratum.forms)))]
        size_mm = float(np.exp(rng.uniform(np.log(8), np.log(26))))
        settings = ChestSettings(
            shape=(96, 96, slices),
            spacing_mm=(0.8, 0.8, stratum.slab_mm),
            center_mm=(side * from_midline, rng.uniform(-25, 10), rng.uniform(-15, 30)),
            nodules=(Nodule(size_mm, stratum.kind, form, stratum.site),),
            leaves=1500,
            scanner=replace(Scanner(), noise_hu=stratum.noise_hu, slab_mm=stratum.slab_mm),
        )
        phantom = simulate_chest(rng, settings)
        if phantom.lesions:
            return phantom
    raise InternalError("no nodule found room in the image", got=stratum.site, expected="room in the lung")

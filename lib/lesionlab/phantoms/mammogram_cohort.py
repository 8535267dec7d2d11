"""A cohort of simulated mammograms with masses and clusters of microcalcifications marked by circles, as a datastore of PNGs."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import get_args

import numpy as np

from lesionlab.phantoms.mammogram import Border, Film, Mammogram, Mass, simulate_mammogram
from lesionlab.phantoms.mammogram_calcifications import Cluster
from lesionlab.phantoms.writing import begin, write_each
from lesionlab.store.cases import Case

SHIFTS = MappingProxyType(
    {
        "digital": Film(gamma=0.75, noise=1.0, blur=0.4),
        "old-film": Film(gamma=1.35, noise=7.0, blur=1.4),
    }
)
#: The label of a cluster of microcalcifications.
CLUSTER = "cluster"
_BORDERS: tuple[Border, ...] = get_args(Border)


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write ``cases`` PNGs and ``cases.csv`` with a centre and a longest diameter for each mass and each cluster.

    One in four has no mass, three in five no cluster. Labels are a mass's border, ``cluster``, or ``normal``. A pixel counts as
    1 mm, as in any PNG. Each image is a patient of its own.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    film = begin(out, shift, SHIFTS, None)

    def write(number: int, each: np.random.Generator) -> list[Case]:
        (calcium,) = each.spawn(1)
        phantom = simulate_mammogram(each, _masses(each), film, _clusters(calcium))
        return _write_case(out / f"mammo-{number:04d}.png", phantom)

    write_each(out, cases, rng, write)


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


def _clusters(rng: np.random.Generator) -> tuple[Cluster, ...]:
    count = int(rng.choice(3, p=(0.6, 0.33, 0.07)))
    return tuple(
        Cluster(
            size=float(np.exp(rng.uniform(np.log(14), np.log(60)))),
            count=int(rng.integers(5, 26)),
            contrast=float(rng.uniform(25, 80)),
        )
        for _ in range(count)
    )


def _write_case(path: Path, phantom: Mammogram) -> list[Case]:
    from PIL import Image

    Image.fromarray(phantom.image).save(path)
    name = path.stem
    marks: list[tuple[str, float, float, float]] = [(f.border, f.x, f.y, f.size) for f in phantom.findings]
    marks += [(CLUSTER, c.x, c.y, c.size) for c in phantom.clusters]
    if not marks:
        return [Case(path, None, name, "normal", reader="phantom")]
    return [Case(path, None, name, label, (-x, -y, 0.0), round(size, 1), "phantom") for label, x, y, size in marks]

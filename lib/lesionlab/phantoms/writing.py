"""What every cohort does alike: it begins in a fresh folder, writes its cases one after the other, and lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import write_volume
from lesionlab.image.volume import Volume
from lesionlab.store.cases import MASKS, TABLE, Case, write_cases
from lesionlab.task import nearest

Site = TypeVar("Site")


def begin(out: Path, shift: str | None, shifts: Mapping[str, Site], usual: Site) -> Site:
    """Make the folder and choose the site.

    Args:
        out: made when it does not exist.
        shift: one of ``shifts``, or None.
        shifts: other sites by name.
        usual: the site without a shift.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    if shift is not None and shift not in shifts:
        hint = nearest(shift, list(shifts))
        raise InputError("there is no such shift", got=shift, expected=f"one of {', '.join(shifts)}", hint=hint)
    if (out / TABLE).exists():
        raise ConflictError("the folder holds a cohort already", got=str(out / TABLE), expected="a new or empty folder")
    out.mkdir(parents=True, exist_ok=True)
    return usual if shift is None else shifts[shift]


def write_each(
    out: Path, cases: int, rng: np.random.Generator, write: Callable[[int, np.random.Generator], Iterable[Case]]
) -> None:
    """Write so many images, each from a random stream of its own, and list their cases in ``cases.csv``.

    Args:
        out: the cohort's folder.
        cases: how many images.
        rng: its children are the streams.
        write: from an image's number, counted from 1, and its stream to its cases, whose files it writes.
    """
    listed: list[Case] = []
    for number, each in enumerate(rng.spawn(cases), start=1):
        listed += write(number, each)
    write_cases(out, listed)


def write_mask(image: Path, truth: Volume) -> Path:
    """Write what is true of an image (any value but 0) as its mask, uint8 0/1; returns its path."""
    path = image.parent / MASKS / image.name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(Volume((truth.array > 0).astype(np.uint8), truth.geometry), path)
    return path

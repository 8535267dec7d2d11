"""What every cohort checks before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lesionlab.errors import ConflictError, InputError
from lesionlab.store.cases import TABLE
from lesionlab.task import nearest


def check_fresh(out: Path, shift: str | None, shifts: Mapping[str, object]) -> None:
    """Refuse a shift that is none of ``shifts``, and a folder that holds a cohort already.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    if shift is not None and shift not in shifts:
        hint = nearest(shift, list(shifts))
        raise InputError("there is no such shift", got=shift, expected=f"one of {', '.join(shifts)}", hint=hint)
    if (out / TABLE).exists():
        raise ConflictError("the folder holds a cohort already", got=str(out / TABLE), expected="a new or empty folder")

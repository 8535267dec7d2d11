"""How numbers are written for the reader."""

from __future__ import annotations

NOTHING = "–"


def length(value_mm: float | None) -> str:
    """Millimetres with one decimal."""
    return NOTHING if value_mm is None else f"{value_mm:.1f} mm"


def volume(value_mm3: float | None) -> str:
    """Millilitres from 100 mm³ on, mm³ below."""
    if value_mm3 is None:
        return NOTHING
    return f"{value_mm3 / 1000.0:.2f} ml" if value_mm3 >= 100.0 else f"{value_mm3:.0f} mm³"


def share(value: float | None) -> str:
    """A probability, certainty or confidence, 0 to 1."""
    return NOTHING if value is None else f"{value:.2f}"


def score(value: float | None) -> str:
    """A loss or a score of a model."""
    return NOTHING if value is None else f"{value:.3f}"


def change(value: float | None) -> str:
    """How much a score changed."""
    return NOTHING if value is None else f"{value:+.3f}"


def duration(seconds: float | None) -> str:
    """Seconds below a minute and a half, then minutes, then hours."""
    if seconds is None:
        return NOTHING
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"

"""Time as the ledger writes it: UTC, to the microsecond, in ISO 8601."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Seconds since 1970; a test gives its own.
Clock = Callable[[], float]


def iso(seconds: float) -> str:
    """``2026-01-31T12:00:00.000000+00:00``; such texts sort as the times do."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")

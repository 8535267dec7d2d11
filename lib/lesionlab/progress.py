"""Progress of long work, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` steps, and a few words on the present one."""

    done: int
    total: int
    text: str


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Show nothing."""

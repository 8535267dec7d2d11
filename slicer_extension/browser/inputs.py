"""What the reader sets on the page itself, as one typed value; the page writes it, we read it."""

from __future__ import annotations

from dataclasses import dataclass

from browser.tools import PLACE, Trace


@dataclass(frozen=True)
class Inputs:
    """Fields that elements of the page are bound to in both directions."""

    address: str = ""
    """The server's URL, as typed."""
    token: str = ""
    """Its secret; forgotten by the page once sent."""
    tool: str = PLACE
    size_mm: float = 12.0
    size_auto: bool = True
    """Whether the model finds the size of what is placed next."""
    strategy: str = ""
    filter_text: str = ""
    """Narrows the list of cases."""
    preset: str = "Auto"
    epochs: str = ""
    """How long to train; empty leaves it to the task."""
    method: str = ""
    """How to explain; empty or unknown means the first way that the task has."""
    heat_opacity: float = 0.5
    heat_threshold: float = 0.5
    maximised: str = ""
    """The pane that fills the window; empty when all four are shown."""
    leaving: str = ""
    """Where to go when unsaved work is given up: ``case:NAME``, ``next:`` or empty."""
    conflict_seen: str = ""
    """The other's revision that the reader does not want to decide about now."""
    keys_shown: bool = False


@dataclass(frozen=True)
class Readout:
    """What follows the pointer and the window; we write it, the page shows it."""

    position_text: str = ""
    window_text: str = ""
    presets: tuple[str, ...] = ()
    trace: Trace | None = None
    """What is being drawn; None when nothing is."""
    trace_box: str = "0 0 1 1"
    """The size of the traced view's render window, for the drawing on top of it."""

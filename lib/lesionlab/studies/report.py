"""One page that holds everything: what was asked, what came out, plots, tables, pictures. It fetches nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab import __version__
from lesionlab.kinds.exhibits import Cell, Compared, Exhibit, Matrix, Measured, Table
from lesionlab.store.files import write_atomically
from lesionlab.studies.drawing import plot_svg, png_data

if TYPE_CHECKING:
    from jinja2 import Template


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: of the page.
        lead: the answer, in a sentence or more.
        facts: what went in: name and value.
        exhibits: what came out, in reading order.
        notes: what to keep in mind when reading it.
    """

    title: str
    lead: tuple[str, ...]
    facts: tuple[tuple[str, Cell], ...]
    exhibits: tuple[Exhibit, ...]
    notes: tuple[str, ...] = ()


def write_page(page: Page, path: Path) -> None:
    """Write the page, whole or not at all."""
    write_atomically(path, render(page))


def render(page: Page, now: datetime | None = None) -> str:
    """The page as HTML."""
    made = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    exhibits = [(f"part-{number}", _kind(exhibit), exhibit) for number, exhibit in enumerate(page.exhibits, start=1)]
    return _template().render(page=page, exhibits=exhibits, made=made, version=__version__)


def words(figure: Measured) -> str:
    """The figure with its interval: ``0.912 (0.871 to 0.940)``."""
    if figure.low is None or figure.high is None:
        return shown(figure.value)
    return f"{shown(figure.value)} ({shown(figure.low)} to {shown(figure.high)})"


def shown(cell: Cell) -> str:
    """A cell as people read it: three decimals at most, a dash for what is not known."""
    if cell is None:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    if not math.isfinite(cell):
        return "–" if math.isnan(cell) else ("∞" if cell > 0 else "−∞")
    text = f"{cell:.3f}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return text.replace("-", "−")


def p_words(p: float | None) -> str:
    """A p value as people read it."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def comparison_table(title: str, names: tuple[str, str], compared: Sequence[Compared], text: str = "") -> Table:
    """The figures of two models side by side."""
    rows = tuple(
        (
            one.name,
            one.ours,
            one.theirs,
            words(Measured(one.name, one.difference, one.low, one.high)),
            p_words(one.p),
        )
        for one in compared
    )
    return Table(title, ("figure", *names, "difference (95 % interval)", "p"), rows, text)


def _kind(exhibit: Exhibit) -> str:
    return type(exhibit).__name__.lower()


def _shade(matrix: Matrix, figure: Measured | None) -> str:
    """A cell's background: the higher, the darker; always light enough for black text."""
    values = [cell.value for row in matrix.cells for cell in row if cell is not None]
    if figure is None or max(values) == min(values):
        return "#ffffff"
    share = (figure.value - min(values)) / (max(values) - min(values))
    red, green, blue = (round(255 - share * (255 - end)) for end in (140, 190, 230))
    return f"#{red:02x}{green:02x}{blue:02x}"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    text = (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(shown=shown, words=words, svg=plot_svg, png=png_data)
    environment.globals.update(shade=_shade)
    return environment.from_string(text)

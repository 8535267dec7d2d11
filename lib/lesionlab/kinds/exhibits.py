"""What a kind shows of its scores to people. Only the kind knows its own numbers; reports know only how to draw these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

from lesionlab.errors import InternalError

Cell = str | int | float | None


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval, where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Compared:
    """One figure of two models on the same cases.

    Attributes:
        name: of the figure.
        ours: the first model's.
        theirs: the second model's.
        low: lower bound of the 95 % interval of ``ours - theirs``.
        high: upper bound.
        p: of the hypothesis that there is no difference; None where only the interval is known.
    """

    name: str
    ours: float
    theirs: float
    low: float
    high: float
    p: float | None = None

    @property
    def difference(self) -> float:
        """``ours - theirs``."""
        return self.ours - self.theirs


@dataclass(frozen=True)
class Curve:
    """Points of a plot, drawn as their ``style`` says; ``low`` and ``high`` are bounds of ``y``, as many as points."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: Literal["line", "steps", "points", "bars"] = "line"
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plot:
    """Curves in one pair of axes.

    Attributes:
        title: of its section.
        text: what it shows, in words, for those who cannot see it and those who do not know how to read it.
        x_label: with its unit.
        y_label: with its unit.
        curves: what is drawn.
        x_scale: of the horizontal axis.
        x_range: its ends; None: as the points have it.
        y_range: as ``x_range``.
        diagonal: whether y = x is drawn for comparison.
    """

    title: str
    text: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    x_scale: Literal["linear", "log2"] = "linear"
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    diagonal: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under named columns; ``folded`` tables open on request.

    Raises:
        InternalError: a row has not one cell for each column.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    text: str = ""
    folded: bool = False

    def __post_init__(self) -> None:
        odd = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if odd is not None:
            expected = ", ".join(self.columns)
            raise InternalError(
                f"a row of the table {self.title!r} does not fit its columns", got=str(odd), expected=expected
            )


@dataclass(frozen=True)
class Matrix:
    """One figure for each pair of a row and a column; the cells are shaded by it.

    Attributes:
        title: of its section.
        text: how to read it.
        row_label: what the rows are.
        column_label: what the columns are.
        rows: their names.
        columns: their names.
        cells: for each row one figure per column, or None.
    """

    title: str
    text: str
    row_label: str
    column_label: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Measured | None, ...], ...]


@dataclass(frozen=True, eq=False)
class Tile:
    """A small picture: (rows, columns), uint8, black to white."""

    caption: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A contact sheet."""

    title: str
    text: str
    tiles: tuple[Tile, ...]


Exhibit = Plot | Table | Matrix | Sheet


@dataclass(frozen=True)
class Rating:
    """One case as a model rates it.

    Attributes:
        image: its name.
        patient: whose.
        diseased: the truth.
        score: the higher, the more likely diseased.
        called: whether the model calls it diseased, at its own operating point.
    """

    image: str
    patient: str
    diseased: bool
    score: float
    called: bool

"""Plots as SVG and tiles as PNG, to stand inside a page."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lesionlab.kinds.exhibits import Curve, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito (2008): told apart by every kind of colour vision; line and mark differ besides.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LINES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
#: Identifiers in the picture come from its content, so that a page is the same each time it is made.
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "lesionlab", "font.family": "sans-serif", "font.size": 10}


def plot_svg(plot: Plot) -> str:
    """The plot as an ``<svg>`` element, without words of its own for screen readers (the page has them)."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    file = io.StringIO()
    with rc_context(_STYLE):
        figure = Figure(figsize=(6.0, 4.2), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        if plot.diagonal:
            axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        for number, curve in enumerate(plot.curves):
            _draw(axes, curve, number)
        _dress(axes, plot)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    plain = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    # Names of parts ("axes_1") are the same in every plot; a page may hold each but once.
    own = hashlib.sha256(plot.title.encode()).hexdigest()[:8]
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{own}-", plain)


def png_data(picture: NDArray[np.uint8]) -> str:
    """The picture as a ``data:`` address."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _draw(axes: Axes, curve: Curve, number: int) -> None:
    colour, line = _COLOURS[number % len(_COLOURS)], _LINES[number % len(_LINES)]
    mark = _MARKS[number % len(_MARKS)]
    if curve.style == "bars":
        width = 0.85 * min((b - a for a, b in zip(curve.x, curve.x[1:], strict=False)), default=1.0)
        axes.bar(curve.x, curve.y, width=width, color=colour, alpha=0.75, label=curve.name)
    elif curve.style == "points":
        axes.plot(curve.x, curve.y, mark, color=colour, label=curve.name)
    else:
        axes.plot(
            curve.x,
            curve.y,
            color=colour,
            linestyle=line,
            linewidth=1.8,
            label=curve.name,
            drawstyle="steps-post" if curve.style == "steps" else "default",
        )
    if curve.low:
        below = np.maximum(np.subtract(curve.y, curve.low), 0.0)
        above = np.maximum(np.subtract(curve.high, curve.y), 0.0)
        axes.errorbar(curve.x, curve.y, yerr=(below, above), fmt="none", ecolor=colour, capsize=3, linewidth=1)


def _dress(axes: Axes, plot: Plot) -> None:
    if plot.x_scale == "log2":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if value >= 1 else f"1/{1 / value:g}")
    if plot.x_range is not None:
        axes.set_xlim(*plot.x_range)
    if plot.y_range is not None:
        axes.set_ylim(*plot.y_range)
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if len(plot.curves) > 1:
        axes.legend(frameon=False, fontsize=9)

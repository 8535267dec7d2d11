"""The demo's picture: three planes through the nodule with the outline that came back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WINDOW_HU = (-1350.0, 150.0)
_FOUND, _TRUE = "#ffb000", "#4dd0ff"
#: Title, the lattice axes across and down, and whether each is drawn backwards, so that a reader sees it as usual.
_PLANES = (("axial", (0, 1), (False, False)), ("coronal", (0, 2), (False, True)), ("sagittal", (1, 2), (True, True)))


def draw(path: Path, image: Volume, found: Volume, truth: Volume, point_mm: Point, size_mm: float, title: str) -> None:
    """Write the picture.

    Args:
        path: a PNG file.
        image: HU; axes run to the left, backwards and upwards.
        found: mask on the lattice of ``image``.
        truth: mask on the lattice of ``image``.
        point_mm: the click.
        size_mm: its size; the view is four times as wide.
        title: one or two lines.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.5, 5.4), facecolor="black")
    FigureCanvasAgg(figure)
    index = [round(x) for x in image.geometry.ras_to_index(point_mm)]
    half_mm = max(2.0 * size_mm, 25.0)
    for number, (name, axes, backwards) in enumerate(_PLANES, start=1):
        view: Axes = figure.add_subplot(1, 3, number)
        planes = [_plane(v, index, axes, half_mm) for v in (image, found, truth)]
        _show(view, planes, _extent(image, index, axes, half_mm), backwards)
        view.set_title(name, color="0.8", fontsize=11)
    figure.suptitle(title, color="white", fontsize=13)
    figure.legend(handles=_keys(), loc="lower center", ncol=3, frameon=False, labelcolor="white", fontsize=10)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.82, bottom=0.09, wspace=0.03)
    figure.savefig(path, dpi=110)


def _plane(volume: Volume, index: list[int], axes: tuple[int, int], half_mm: float) -> Any:
    """The part of a plane around the click, rows down."""
    box: list[slice | int] = list(index)
    for axis in axes:
        box[axis] = _reach(volume, index, axis, half_mm)
    return volume.array[tuple(box)].T


def _reach(volume: Volume, index: list[int], axis: int, half_mm: float) -> slice:
    step = volume.geometry.spacing_mm[axis]
    around = int(np.ceil(half_mm / step))
    return slice(max(index[axis] - around, 0), min(index[axis] + around + 1, volume.array.shape[axis]))


def _extent(volume: Volume, index: list[int], axes: tuple[int, int], half_mm: float) -> list[float]:
    """Left, right, bottom, top of the plane, mm from the click."""
    edges: list[float] = []
    for axis in axes:
        part, step = _reach(volume, index, axis, half_mm), volume.geometry.spacing_mm[axis]
        edges += [(part.start - 0.5 - index[axis]) * step, (part.stop - 0.5 - index[axis]) * step]
    return [edges[0], edges[1], edges[3], edges[2]]


def _show(view: Axes, planes: list[Any], extent: list[float], backwards: tuple[bool, bool]) -> None:
    grey, found, truth = planes
    low, high = _WINDOW_HU
    view.imshow(grey, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="bilinear")  # type: ignore[arg-type]
    across = np.linspace(extent[0], extent[1], 2 * grey.shape[1] + 1)[1::2]
    down = np.linspace(extent[3], extent[2], 2 * grey.shape[0] + 1)[1::2]
    for mask, colour, style, width in ((truth, _TRUE, "dashed", 1.1), (found, _FOUND, "solid", 1.8)):
        if mask.any():
            view.contour(across, down, mask, levels=[0.5], colors=colour, linestyles=style, linewidths=width)
    view.plot([0], [0], "+", color="#ff4060", markersize=11, markeredgewidth=1.4)
    view.set_xlim(*((extent[1], extent[0]) if backwards[0] else (extent[0], extent[1])))
    view.set_ylim(*((extent[3], extent[2]) if backwards[1] else (extent[2], extent[3])))
    view.set_aspect("equal")
    view.set_axis_off()


def _keys() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=_FOUND, linewidth=1.8, label="from one click"),
        Line2D([], [], color=_TRUE, linewidth=1.1, linestyle="dashed", label="truth"),
        Line2D([], [], color="#ff4060", marker="+", linestyle="none", markersize=10, label="the click"),
    ]

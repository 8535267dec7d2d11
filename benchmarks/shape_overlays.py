"""Contact sheet: the best, the median and the worst lesion of each group, in three planes, with outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from benchmarks.real_cases import GROUPS, RealCase, read_cases
from benchmarks.records import Method, Record
from benchmarks.trials import EXACT, trials_of
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume

_COLOURS = ("#00ff66", "#ffb000", "#40b0ff")
_VIEW = 1.0
_PIXELS_PER_INCH = 80
_PLANES = ("axial", "coronal", "sagittal")

Image = NDArray[np.float64]


def contact_sheet(records: Sequence[Record], methods: Mapping[str, Method], ranked_by: str, file: Path) -> None:
    """Write the sheet as PNG. Outlines: truth, then the methods in order; lesions are ranked by one method's Dice."""
    picks = [(word, r) for group in GROUPS for word, r in _picks(records, ranked_by, group)]
    columns = 2
    rows = -(-len(picks) // columns)
    figure = Figure(figsize=(columns * 3 * 2.1, (rows + 0.2) * 2.3), facecolor="black")
    axes = figure.subplots(rows, columns * 3, squeeze=False)
    # A strip for the legend below, and one above each row for its titles, where no picture reaches.
    below = 0.2 / (rows + 0.2)
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.1 / rows, bottom=below, wspace=0.04, hspace=0.12)
    for ax in axes.flat:
        ax.set_axis_off()
    for number, (word, found) in enumerate(picks):
        row, column = number % rows, number // rows
        case = _case(found.case)
        trial = trials_of(case)[0]
        masks = [case.truth, *(Volume.zeros(case.truth.geometry).paste(m(trial).mask) for m in methods.values())]
        _draw(list(axes[row, 3 * column : 3 * column + 3]), case, masks)
        title = f"{case.group}, {word}: {case.name}, {case.size_mm:.0f} mm, Dice {found.dice:.2f}"
        figure.text(column / columns + 0.01, 0.997 - row / (rows + 0.2), title, color="white", fontsize=8, va="top")
    handles = [Line2D([], [], color=c, label=n) for c, n in zip(_COLOURS, ("truth", *methods), strict=False)]
    figure.legend(handles=handles, loc="lower center", ncols=3, facecolor="black", labelcolor="white", fontsize=9)
    figure.savefig(file, dpi=_PIXELS_PER_INCH, facecolor="black")


def _picks(records: Sequence[Record], method: str, group: str) -> list[tuple[str, Record]]:
    ranked = sorted(
        (r for r in records if r.method == method and r.group == group and r.variant == EXACT), key=lambda r: r.dice
    )
    return [("best", ranked[-1]), ("median", ranked[len(ranked) // 2]), ("worst", ranked[0])]


def _case(name: str) -> RealCase:
    return next(case for case in read_cases(name.split("#", maxsplit=1)[0]) if case.name == name)


def _draw(axes: list[Axes], case: RealCase, masks: Sequence[Volume]) -> None:
    low, high = _window(case)
    for number, ax in enumerate(axes):
        picture, aspect, extent = _plane(case.image, case.point_mm, number)
        ax.imshow(picture, cmap="gray", vmin=low, vmax=high, aspect=aspect, origin="lower", interpolation="nearest")
        for mask, colour in zip(masks, _COLOURS, strict=False):
            outline, _, _ = _plane(mask, case.point_mm, number)
            if outline.any() and not outline.all():
                ax.contour(outline, [0.5], colors=colour, linewidths=0.9)
        x, y = extent
        half = _VIEW * case.size_mm
        across, up = _steps(case.image, number)
        ax.set_xlim(max(x - half / across, -0.5), min(x + half / across, picture.shape[1] - 0.5))
        ax.set_ylim(max(y - half / up, -0.5), min(y + half / up, picture.shape[0] - 0.5))


def _plane(volume: Volume, point_mm: Point, plane: int) -> tuple[Image, float, tuple[float, float]]:
    """A slice through the point, rows up, the patient's right on the left; its aspect; the point's column and row."""
    order, sign = volume.geometry.canonical_axes()
    array = volume.array.transpose(order)
    index = [volume.geometry.ras_to_index(point_mm)[axis] for axis in order]
    fixed, right, up = ((2, 0, 1), (1, 0, 2), (0, 1, 2))[plane]
    cut = np.take(array, round(index[fixed]), axis=fixed).astype(float).T
    x, y = index[right], index[up]
    # Right of the patient on the left of the picture, anterior, superior up; sagittal: anterior on the left.
    if sign[right] > 0:
        cut, x = cut[:, ::-1], cut.shape[1] - 1 - x
    if sign[up] < 0:
        cut, y = cut[::-1], cut.shape[0] - 1 - y
    across_mm, up_mm = _steps(volume, plane)
    return cut, up_mm / across_mm, (x, y)


def _steps(volume: Volume, plane: int) -> tuple[float, float]:
    order, _ = volume.geometry.canonical_axes()
    right, up = ((0, 1), (0, 2), (1, 2))[plane]
    spacing = volume.geometry.spacing_mm
    return spacing[order[right]], spacing[order[up]]


def _window(case: RealCase) -> tuple[float, float]:
    if case.modality == "CT":
        return (-1000.0, 400.0) if case.group == "focal" else (-160.0, 240.0)
    low, high = np.percentile(case.image.array, (1, 99.5))
    return float(low), float(high)

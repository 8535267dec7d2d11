"""Small pictures of cases, as a reader sees them: the patient's left on the right, head or front up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume

_EDGE = 176
_DARKEST, _BRIGHTEST = 1.0, 99.0


@dataclass(frozen=True, eq=False)
class _Plane:
    """Values (rows, columns), the size of a pixel, and where the mark lies, both in rows and columns."""

    values: NDArray[np.generic]
    spacing_mm: tuple[float, float]
    mark: tuple[float, float]


def thumbnail(volume: Volume, point_mm: Point | None = None, size_mm: float | None = None) -> NDArray[np.uint8]:
    """One plane, scaled to fit, grey between the 1st and 99th percentile, with a circle around what was marked.

    Args:
        volume: of a volume the axial plane is shown, at the point or in the middle.
        point_mm: RAS mm.
        size_mm: diameter of the circle; a sixteenth of the picture when None.

    Returns:
        (rows, columns).
    """
    from PIL import Image, ImageDraw

    plane = _plane(volume, point_mm)
    height, width = (n * step for n, step in zip(plane.values.shape, plane.spacing_mm, strict=True))
    scale = _EDGE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(_grey(plane.values)).resize(size, Image.Resampling.BOX)
    if point_mm is not None:
        y, x = ((at + 0.5) * step * scale for at, step in zip(plane.mark, plane.spacing_mm, strict=True))
        radius = max(4.0, (_EDGE / 16 if size_mm is None else size_mm * scale) / 2 + 2)
        ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), outline=255)
    return np.asarray(picture, dtype=np.uint8)


def _plane(volume: Volume, point_mm: Point | None) -> _Plane:
    middle: Point = tuple((n - 1) / 2 for n in volume.array.shape)
    index = middle if point_mm is None else volume.geometry.ras_to_index(point_mm)
    order, sign = volume.geometry.canonical_axes()
    across, column, row = _axes(volume, order)
    box: list[int | slice] = [slice(None)] * 3
    box[across] = int(np.clip(round(index[across]), 0, volume.array.shape[across] - 1))
    values = volume.array[tuple(box)]
    values = values.T if column < row else values
    # On a screen columns run to the patient's left or back, rows to the back or down: against R, A and S.
    ways = dict(zip(order, sign, strict=True))
    mark = []
    for n, axis in enumerate((row, column)):
        forward = ways[axis] > 0
        values = np.flip(values, n) if forward else values
        mark.append(values.shape[n] - 1 - index[axis] if forward else index[axis])
    spacing = volume.geometry.spacing_mm
    return _Plane(values, (spacing[row], spacing[column]), (mark[0], mark[1]))


def _axes(volume: Volume, order: Index) -> Index:
    """The array axes across the plane that is shown, along its columns, and along its rows."""
    r, a, s = order
    flat = {axis for axis in order if volume.array.shape[axis] == 1}
    if s in flat or not flat:
        return s, r, a
    return (a, r, s) if a in flat else (r, a, s)


def _grey(plane: NDArray[np.generic]) -> NDArray[np.uint8]:
    values = np.nan_to_num(plane.astype(np.float32))
    low, high = np.percentile(values, [_DARKEST, _BRIGHTEST])
    if high <= low:
        low, high = float(values.min()), max(float(values.max()), float(values.min()) + 1)
    return np.asarray(np.clip((values - low) / (high - low) * 255, 0, 255), dtype=np.uint8)

"""The outline of a simulated stomach on a radiograph, and coordinates that run along and around its wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.picture import Field, Shape, waves

#: From the fundus to the pylorus: x, y and half width in shares of the image's side; a J, and a steer's horn.
_J = (
    (0.67, 0.20, 0.118), (0.66, 0.33, 0.125), (0.63, 0.48, 0.112), (0.58, 0.62, 0.100),
    (0.48, 0.715, 0.088), (0.36, 0.70, 0.068), (0.27, 0.63, 0.022),
)  # fmt: skip
_HORN = (
    (0.68, 0.24, 0.125), (0.67, 0.36, 0.128), (0.61, 0.48, 0.115), (0.52, 0.56, 0.102),
    (0.42, 0.59, 0.085), (0.33, 0.565, 0.062), (0.26, 0.51, 0.022),
)  # fmt: skip
_STEPS = 400


@dataclass(frozen=True, eq=False)
class Pouch:
    """A stomach's outline (y, x).

    Attributes:
        inside: where it lies.
        along: 0 at the fundus, 1 at the pylorus.
        across: -1 at the lesser curve, 1 at the greater one.
        edge: distance to the outline over the half width: 0 at the outline, 1 in the middle.
        width: half width, pixels.
        spine: the middle line, (x, y) pixels, from the fundus to the pylorus.
    """

    inside: NDArray[np.bool_]
    along: Field
    across: Field
    edge: Field
    width: Field
    spine: NDArray[np.float64]


def draw_pouch(rng: np.random.Generator, shape: Shape, scale: float) -> Pouch:
    """One stomach; ``scale`` is its size against a field of view of 280 mm."""
    line, half = _middle_line(rng, shape, scale)
    off = np.ones(shape, dtype=bool)
    x, y = np.rint(line).astype(int).T
    kept = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    nearest = np.full(shape, -1, dtype=int)
    off[y[kept], x[kept]] = False
    nearest[y[kept], x[kept]] = np.flatnonzero(kept)
    rows, columns = ndimage.distance_transform_edt(off, return_distances=False, return_indices=True)
    at = ndimage.uniform_filter(nearest[rows, columns].astype(np.float32), 5)
    index = np.clip(np.rint(at), 0, _STEPS - 1).astype(int)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    gy, gx = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dx, dy = gx - line[index, 0], gy - line[index, 1]
    width = half[index].astype(np.float32)
    uneven = 1 + 0.05 * waves(rng, shape, 0.14 * shape[0]) + 0.025 * waves(rng, shape, 0.055 * shape[0])
    radius = np.hypot(dx, dy) / (width * uneven)
    side = (dx * -tangent[index, 1] + dy * tangent[index, 0]) / (width * uneven)
    inside = radius < 1
    parts, _ = ndimage.label(inside)
    middle = line[_STEPS // 2].astype(int)
    inside = parts == parts[middle[1], middle[0]]
    edge = np.clip(1 - radius, 0, 1)
    return Pouch(
        np.asarray(inside), (at / (_STEPS - 1)).astype(np.float32), np.clip(-side, -1, 1).astype(np.float32),
        edge.astype(np.float32), width, line,
    )  # fmt: skip


def _middle_line(
    rng: np.random.Generator, shape: Shape, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (x, y) and half widths, pixels."""
    from scipy.interpolate import CubicSpline

    forms = np.asarray((_J, _HORN))
    share = float(rng.beta(0.7, 0.7))
    knots = share * forms[0] + (1 - share) * forms[1]
    knots[:, :2] += rng.normal(0, 0.012, (len(knots), 2))
    knots[:-1, 2] *= rng.uniform(1.0, 1.3) * rng.uniform(0.92, 1.08, len(knots) - 1)
    turn = rng.normal(0, 0.12)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    knots[:, :2] = (knots[:, :2] - [0.5, 0.48]) @ rotation.T * (1.15 * scale) + [0.5, 0.48]
    knots[:, :2] += rng.normal(0, 0.03, 2)
    knots[:, 2] *= 1.15 * scale
    fine = CubicSpline(np.arange(len(knots)), knots)(np.linspace(0, len(knots) - 1, _STEPS))
    side = float(shape[0])
    return fine[:, :2] * side, np.maximum(fine[:, 2] * side, 4.0)

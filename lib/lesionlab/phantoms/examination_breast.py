"""One woman's breasts, alike on both sides, and what each mammographic view shows of them.

A view is drawn with the chest wall at the left and the nipple at the right; lengths are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from lesionlab.phantoms.mammogram import power_law
from lesionlab.phantoms.picture import Field, Shape, logistic, waves

View = Literal["CC", "MLO"]
_ALIKE = 0.8


@dataclass(frozen=True)
class Site:
    """Where something lies in a breast: its distance from the nipple, and how far from the axis in either view, -1..1."""

    behind: float
    aside: float
    above: float


@dataclass(frozen=True, eq=False)
class Breast:
    """What both breasts share.

    Attributes:
        shape: rows and columns of a view.
        reach: from the chest wall to the nipple.
        half: half its height on the chest wall.
        power: of the outline: 2 for an ellipse, more for a fuller breast.
        density: how much glandular tissue there is.
        bright: how bright that is.
        gland: fields that both sides share, one for each view (y, x).
        muscle: of the pectoral muscle: its share of the height, its width, how bright it is.
    """

    shape: Shape
    reach: float
    half: float
    power: float
    density: float
    bright: float
    gland: dict[View, Field]
    muscle: tuple[float, float, float]

    def site(self, rng: np.random.Generator, size: float) -> Site:
        """A place where something of ``size`` lies within both views."""
        behind = float(rng.uniform(size * 0.75 + 12, max(self.reach * 0.72, size + 20)))
        room = max(0.05, 1 - (1 - behind / self.reach) ** self.power) ** (1 / self.power)
        free = max(0.1, room - 0.9 * size / self.half)
        aside, above = (float(x) for x in rng.uniform(-free, free, 2))
        return Site(behind, aside, above)


@dataclass(frozen=True, eq=False)
class Projection:
    """One view: brightness, where the breast is (0..1), and where its nipple is (y, x)."""

    level: Field
    inside: Field
    nipple: tuple[float, float]
    half: float
    view: View

    def place(self, rng: np.random.Generator, site: Site) -> tuple[float, float]:
        """Where a site falls (y, x): as far behind the nipple in either view, up to what compression moves."""
        off = site.aside if self.view == "CC" else site.above
        y = self.nipple[0] + off * self.half + float(rng.normal(0, 4))
        return y, self.nipple[1] - site.behind + float(rng.normal(0, 4))


def draw_breast(rng: np.random.Generator, shape: Shape) -> Breast:
    """A woman."""
    return Breast(
        shape=shape,
        reach=float(rng.uniform(170, 250)),
        half=float(rng.uniform(125, 165)),
        power=float(rng.uniform(2.0, 2.7)),
        density=float(rng.uniform(-1.6, 0.7)),
        bright=float(rng.uniform(45, 95)),
        gland={"CC": _rough(rng, shape), "MLO": _rough(rng, shape)},
        muscle=(float(rng.uniform(0.4, 0.75)), float(rng.uniform(60, 120)), float(rng.uniform(45, 95))),
    )


def view_of(rng: np.random.Generator, breast: Breast, side: str, view: View) -> Projection:
    """One side from one direction. Both sides are alike, not the same."""
    rows, columns = breast.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    wall, middle = float(rng.uniform(0, 10)), rows * float(rng.normal(0.57 if view == "MLO" else 0.5, 0.02))
    reach, half = breast.reach * float(rng.normal(1, 0.02)), breast.half * float(rng.normal(1, 0.02))
    up = (y - middle) / half
    if view == "MLO":  # the axillary tail goes on upwards
        up = np.where(up < 0, up * 0.72, up)
    share = np.clip(1 - np.abs(up) ** breast.power, 0, None) ** (1 / breast.power)
    beyond = wall + reach * share - x
    inside = logistic(beyond / 0.8) * (share > 0)
    depth = np.clip(np.minimum(beyond, 60.0 * share + beyond * 0.4), 0, None)
    field = _ALIKE * breast.gland[view] + np.sqrt(1 - _ALIKE**2) * _rough(rng, breast.shape)
    away = np.hypot((x - wall - reach * 0.62) / (0.5 * reach), (y - middle) / (0.62 * half))
    gland = logistic(1.8 * (1.1 * field + breast.density - 1.1 * (away - 0.8))) * (1 - np.exp(-depth / 12))
    gland = gland * np.clip(0.8 + 0.18 * power_law(rng, 2.5)[:rows, :columns], 0.2, 1.3)
    level = 55 * (1 - np.exp(-depth / 16)) + breast.bright * gland
    level = level + _strands(rng, breast.shape, (middle, wall + reach))
    if view == "MLO":
        tall, wide, bright = breast.muscle
        edge = (x - wall) / wide + y / (rows * tall) - 1 + 0.03 * waves(rng, breast.shape, 60)
        level = level + bright * logistic(-edge * 22)
    return Projection(
        np.asarray(level, dtype=np.float32), np.asarray(inside, np.float32), (middle, wall + reach), half, view
    )


def _rough(rng: np.random.Generator, shape: Shape) -> Field:
    return power_law(rng, 3.0)[: shape[0], : shape[1]]


def _strands(rng: np.random.Generator, shape: Shape, nipple: tuple[float, float]) -> Field:
    """Ducts and ligaments that fan out from the nipple."""
    out = np.zeros(shape, dtype=np.float32)
    at = np.linspace(0, 1, 260)
    for _ in range(int(rng.integers(15, 38))):
        angle = np.pi + float(rng.uniform(-1.1, 1.1)) + np.cumsum(rng.normal(0, 0.01, at.size))
        first, length = float(rng.uniform(0, 90)), float(rng.uniform(50, 200))
        y = nipple[0] + np.sin(angle) * (first + at * length)
        x = nipple[1] - 8 + np.cos(angle) * (first + at * length)
        kept = (y > 0) & (x > 0) & (y < shape[0] - 1) & (x < shape[1] - 1)
        out[y[kept].astype(int), x[kept].astype(int)] = float(rng.uniform(4, 17))
    return np.asarray(ndimage.gaussian_filter(out, float(rng.uniform(0.8, 1.3))) * 2.0, dtype=np.float32)

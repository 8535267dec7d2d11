"""A lesion of the breast as ultrasound shows it: five signs (BI-RADS, 5th edition) that speak for benign or malignant.

Each sign overlaps between the classes; only their sum decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.picture import Field, Shape, waves

#: How far malignant and benign lie from the middle, in units of a sign's own spread.
_LEAN = {"margin": 1.25, "upright": 0.9, "shadow": 0.9, "halo": 0.8, "mixed": 0.65}
#: The log-likelihood that all signs together have at least: a picture that says nothing is not drawn.
_DECIDED = 2.5


@dataclass(frozen=True)
class Signs:
    """Signs of malignancy, each about -1 in a benign and 1 in a malignant lesion, with a spread of 1.

    Attributes:
        margin: spiculated, angular or microlobulated against smooth.
        upright: taller than wide.
        shadow: behind the lesion; below zero the echoes there are enhanced.
        halo: an echogenic rim without a sharp border.
        mixed: echoes within of uneven strength.
    """

    margin: float
    upright: float
    shadow: float
    halo: float
    mixed: float

    @property
    def evidence(self) -> float:
        """Log-likelihood ratio of malignant against benign."""
        return 2 * sum(lean * float(getattr(self, name)) for name, lean in _LEAN.items())


def draw_signs(rng: np.random.Generator, malignant: bool) -> Signs:
    """Signs that are in favour of the class as a whole, while single ones may speak against it."""
    side = 1.0 if malignant else -1.0
    while True:
        signs = Signs(**{name: side * lean + float(rng.normal()) for name, lean in _LEAN.items()})
        if side * signs.evidence > _DECIDED:
            return signs


@dataclass(frozen=True, eq=False)
class Lesion:
    """Where it lies (y, x) and what it does to the echoes.

    Attributes:
        mask: the lesion.
        echo_db: added to the tissue's echoes inside, and in the halo.
        cover: how much of the tissue it replaces, 0..1.
        loss_db: what sound loses on its way through a pixel; below zero the gain that depth correction adds.
    """

    mask: NDArray[np.bool_]
    echo_db: Field
    cover: Field
    loss_db: Field


def draw_lesion(
    rng: np.random.Generator, shape: Shape, center: tuple[float, float], size_mm: float, signs: Signs, pixel_mm: float
) -> Lesion:
    """A lesion whose longest diameter is about ``size_mm`` around ``center`` (y, x)."""
    away = _distance(rng, shape, center, size_mm / pixel_mm, signs) * np.float32(pixel_mm)
    blur = 0.12 + 0.28 * max(0.0, signs.halo + 0.3) * float(rng.uniform(0.4, 1.0))
    cover = np.asarray(1 / (1 + np.exp(np.clip(away / blur * 2, -30, 30))), dtype=np.float32)
    cyst = signs.mixed < -1 and signs.shadow < -0.8 and rng.random() < 0.35
    level = float(rng.uniform(-40, -31)) if cyst else float(rng.normal(-20, 3.0))
    uneven = 0.0 if cyst else float(np.clip(2.0 + 1.7 * signs.mixed, 0.4, 7.0))
    inner = waves(rng, shape, 2.4 / pixel_mm) + 0.6 * waves(rng, shape, 5.0 / pixel_mm)
    echo = level + uneven * inner + _specks(rng, shape, away, signs, pixel_mm)
    rim = float(np.clip(2.8 * (signs.halo + 0.5), 0, 9)) * np.exp(-(((away - 0.9) / 0.9) ** 2))
    rim = rim * np.clip(0.8 + 0.4 * waves(rng, shape, 4.0 / pixel_mm), 0.2, 1.6)
    loss = np.clip(0.85 * signs.shadow * size_mm, -9.5, 15.0) / max(size_mm, 1.0)
    loss_db = cover * np.float32(loss * pixel_mm)
    if signs.margin < -0.5:
        loss_db = loss_db + _edge_shadows(away, signs, pixel_mm)
    return Lesion(
        away < 0,
        np.asarray(echo * cover + rim * (1 - cover), dtype=np.float32),
        cover,
        np.asarray(loss_db, dtype=np.float32),
    )


def _distance(rng: np.random.Generator, shape: Shape, center: tuple[float, float], size: float, signs: Signs) -> Field:
    """Signed distance to the lesion's border, pixels, negative inside."""
    aspect = float(np.clip(np.exp(0.24 * signs.upright - 0.32), 0.4, 1.45))  # height over width
    half = size / 2
    wide, high = (half, half * aspect) if aspect < 1 else (half / aspect, half)
    y, x = (np.arange(n, dtype=np.float32) - c for n, c in zip(shape, center, strict=True))
    turn = float(rng.normal(0, 0.16))
    dx = x[None] * np.cos(turn) + y[:, None] * np.sin(turn)
    dy = y[:, None] * np.cos(turn) - x[None] * np.sin(turn)
    angles = np.linspace(-np.pi, np.pi, 721)
    border = _border(rng, angles, signs.margin)
    radius = np.hypot(dx / wide, dy / high)
    inside = radius < np.interp(np.arctan2(dy / high, dx / wide), angles, border)
    inside = ndimage.binary_fill_holes(ndimage.binary_opening(inside))
    out = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    return np.asarray(out, dtype=np.float32)


def _border(rng: np.random.Generator, angles: NDArray[np.float64], margin: float) -> NDArray[np.float64]:
    """Radius in each direction against the ellipse; the more irregular the more ``margin`` says."""
    gentle = sum(float(rng.normal()) * np.cos(n * angles + rng.uniform(0, 2 * np.pi)) / n for n in range(2, 5))
    out = 1 + 0.09 * gentle
    rough = float(np.clip(0.10 + 0.085 * margin, 0, 0.34))
    style = rng.random()
    if style < 0.4:  # spiculated
        spikes = np.zeros_like(angles)
        for _ in range(int(rng.integers(8, 16))):
            off = np.angle(np.exp(1j * (angles - rng.uniform(-np.pi, np.pi))))
            spikes = np.maximum(spikes, rng.uniform(0.5, 1.6) * np.exp(-np.abs(off) / rng.uniform(0.05, 0.11)))
        out = out * (1 - 0.6 * rough) + 1.6 * rough * spikes
    elif style < 0.7:  # angular
        corners = np.sort(rng.uniform(-np.pi, np.pi, int(rng.integers(7, 12))))
        radii = rng.normal(0, 1, len(corners))
        out = out + 0.9 * rough * np.interp(angles, corners, radii, period=2 * np.pi)
    else:  # microlobulated
        count = int(rng.integers(9, 16))
        lobes = np.abs(np.sin(count * (angles + 0.12 * np.sin(3 * angles + rng.uniform(0, 6))) / 2))
        out = out + 1.0 * rough * (lobes - 0.6)
    return np.asarray(out / out.max(), dtype=np.float64)


def _specks(rng: np.random.Generator, shape: Shape, away: Field, signs: Signs, pixel_mm: float) -> Field:
    """Microcalcifications: bright points, in some lesions of either class."""
    out = np.zeros(shape, dtype=np.float32)
    count = int(rng.poisson(max(0.2, 1.2 * signs.mixed)))
    where = np.argwhere(away < -0.6)
    for at in rng.integers(0, max(len(where), 1), count if len(where) else 0):
        out[tuple(where[at])] = float(rng.uniform(0.6, 1.0))
    return np.asarray(ndimage.gaussian_filter(out, 0.22 / pixel_mm) * (2 * np.pi * (0.22 / pixel_mm) ** 2) * 20)


def _edge_shadows(away: Field, signs: Signs, pixel_mm: float) -> Field:
    """Sound that grazes a smooth, round side is bent away: a thin shadow below each side."""
    inside = away < 0
    columns = np.flatnonzero(inside.any(axis=0))
    out = np.zeros(inside.shape, dtype=np.float32)
    if not len(columns):
        return out
    for column in (columns[0], columns[-1]):
        rows = np.flatnonzero(inside[:, column])
        x = np.arange(inside.shape[1]) - column
        out[int(rows.mean())] += np.float32(min(7.0, -3.5 * signs.margin)) * np.exp(-((x * pixel_mm / 0.45) ** 2))
    return out

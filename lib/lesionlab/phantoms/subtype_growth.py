"""How a breast cancer grows, as a mammogram shows it: margin, density, spicules and what it does to its surroundings."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.picture import Field, Shape, logistic, waves

Subtype = Literal["tubule_forming", "solid", "scirrhous"]


@dataclass(frozen=True)
class Growth:
    """Five signs, each about -1 to 1.

    Attributes:
        sharp: a well-defined, round border against one that fades.
        dense: brighter than the tissue around.
        spiculated: many and long strands from the border outwards.
        drawing: tissue around is drawn in; below zero it is pushed away.
        grainy: calcifications within.
    """

    sharp: float
    dense: float
    spiculated: float
    drawing: float
    grainy: float


#: The middle of each subtype. Solid growth pushes, scirrhous growth draws in, tubules blur and calcify.
TYPICAL: MappingProxyType[Subtype, Growth] = MappingProxyType(
    {
        "tubule_forming": Growth(-0.5, -0.5, -0.45, -0.2, 0.9),
        "solid": Growth(1.1, 0.6, -0.8, -0.7, -0.3),
        "scirrhous": Growth(-0.5, 0.0, 1.1, 1.0, -0.4),
    }
)
_SPREAD = 0.55
_DECIDED = 2.5


def draw_growth(rng: np.random.Generator, subtype: Subtype) -> Growth:
    """Signs around a subtype's middle that, taken together, are much more likely in it than in the others."""
    while True:
        signs = np.asarray(astuple(TYPICAL[subtype])) + rng.normal(0, _SPREAD, 5)
        fit = {name: -(((signs - astuple(g)) / _SPREAD) ** 2).sum() / 2 for name, g in TYPICAL.items()}
        own = fit.pop(subtype)
        if own - max(fit.values()) > _DECIDED:
            return Growth(*(float(x) for x in signs))


@dataclass(frozen=True, eq=False)
class Shadow:
    """What a mass adds to a mammogram (y, x), against its contrast, and where its core lies."""

    added: Field
    core: NDArray[np.bool_]


def grow(rng: np.random.Generator, shape: Shape, center: tuple[float, float], size: float, growth: Growth) -> Shadow:
    """A mass whose core is about ``size`` pixels long around ``center`` (y, x)."""
    y, x = (np.arange(n, dtype=np.float32) - np.float32(c) for n, c in zip(shape, center, strict=True))
    turn, flat = float(rng.uniform(0, np.pi)), float(rng.uniform(0.7, 1.0))
    u = x[None] * np.cos(turn) + y[:, None] * np.sin(turn)
    v = (y[:, None] * np.cos(turn) - x[None] * np.sin(turn)) / flat
    around = np.arctan2(v, u)
    uneven = float(np.clip(0.13 - 0.05 * growth.sharp, 0.05, 0.25))
    border = 1 + uneven * sum(
        float(rng.normal()) * np.cos(n * around + float(rng.uniform(0, 6.3))) / np.sqrt(n) for n in range(2, 7)
    )
    r = np.hypot(u, v) / (size / 2 * border)
    soft = float(np.clip(0.20 - 0.13 * growth.sharp, 0.03, 0.45))
    edge = logistic((1 - r) / (0.35 * soft))
    body = edge * np.sqrt(np.clip(1.15 - np.clip(r, 0, 1) ** 2, 0, None))
    # Tissue over it hides part of its border.
    hidden = np.clip(1.2 + 0.35 * waves(rng, shape, size * 0.7), 0.35, 1)
    body = body * hidden * (1 + 0.12 * waves(rng, shape, size * 0.3))
    rays = _spicules(rng, shape, center, size, growth.spiculated)
    grains = _grains(rng, shape, center, size, growth.grainy)
    added = np.maximum(body, rays) + grains
    return Shadow(np.asarray(added, dtype=np.float32), np.asarray(r < 1))


def draw_in(rng: np.random.Generator, tissue: Field, center: tuple[float, float], size: float, amount: float) -> Field:
    """Tissue pulled towards a mass, with folds that point at it; pushed aside when ``amount`` is negative."""
    y, x = np.mgrid[: tissue.shape[0], : tissue.shape[1]].astype(np.float32)
    dy, dx = y - np.float32(center[0]), x - np.float32(center[1])
    r = np.hypot(dy, dx) + 1
    reach = size * float(rng.uniform(0.8, 1.1))
    angle = np.arctan2(dy, dx)
    folds = 1 + 0.5 * np.sin(float(rng.integers(5, 10)) * angle + float(rng.uniform(0, 6.3))) * (amount > 0)
    shift = (
        (0.26 if amount > 0 else 0.10) * size * amount * folds * np.exp(-((r / reach) ** 2)) * (r / (r + 0.3 * size))
    )
    places = [y + dy / r * shift, x + dx / r * shift]
    return np.asarray(ndimage.map_coordinates(tissue, places, order=1, mode="nearest"), dtype=np.float32)


def _spicules(rng: np.random.Generator, shape: Shape, center: tuple[float, float], size: float, sign: float) -> Field:
    """Strands that taper outwards from the core."""
    out = np.zeros(shape, dtype=np.float32)
    for _ in range(int(np.clip(6 + 11 * sign + rng.normal(0, 2), 0, 34))):
        angle, bend = float(rng.uniform(0, 2 * np.pi)), float(rng.normal(0, 0.25))
        length = size * float(rng.uniform(0.6, 0.85) + 0.22 * max(0.0, sign) * rng.uniform(0.2, 1.6))
        at = np.linspace(0, 1, max(8, int(length * 1.5)))
        heading = angle + bend * at
        y = center[0] + np.sin(heading) * at * length
        x = center[1] + np.cos(heading) * at * length
        inside = (y > 0) & (x > 0) & (y < shape[0] - 1) & (x < shape[1] - 1)
        fade = np.clip(1.25 * (1 - at), 0, 1) ** 0.7 * float(rng.uniform(0.5, 1.0))
        np.maximum.at(out, (y[inside].astype(int), x[inside].astype(int)), fade[inside].astype(np.float32))
    width = max(0.8, float(rng.uniform(0.011, 0.017)) * size)
    thick = ndimage.gaussian_filter(out, width) * np.float32(2.2 * width)
    return np.asarray(np.minimum(thick, 1.0) * 0.75, dtype=np.float32)


def _grains(rng: np.random.Generator, shape: Shape, center: tuple[float, float], size: float, sign: float) -> Field:
    """Calcifications in and around the core."""
    out = np.zeros(shape, dtype=np.float32)
    count = int(rng.poisson(max(0.6, 5 + 9 * sign)))
    middle = np.asarray(center) + rng.normal(0, 0.12 * size, 2)
    for spot in middle + rng.normal(0, 0.2 * size, (count, 2)):
        y, x = (round(float(c)) for c in spot)
        if 1 < y < shape[0] - 2 and 1 < x < shape[1] - 2:
            out[y - 1 : y + int(rng.integers(1, 3)), x - 1 : x + int(rng.integers(1, 3))] = float(rng.uniform(0.7, 1.6))
    return np.asarray(ndimage.gaussian_filter(out, 0.7), dtype=np.float32)

"""The bodies that simulated chest radiographs are taken of, and the masses that grow in their lungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Index, Point
from lesionlab.phantoms.canvas import Axes, Field
from lesionlab.phantoms.chest import ChestSettings, simulate_chest
from lesionlab.phantoms.scanner import Scanner

Border = Literal["smooth", "lobulated", "spiculated", "ill-defined"]

#: mm: fine across the image, coarse along the rays.
STEP_MM: Point = (1.4, 3.0, 1.4)
SHAPE: Index = (272, 88, 244)
#: Attenuation of water for the usual 110 to 125 kV, per mm.
WATER_PER_MM = 0.019
#: What counts of bone's Hounsfield number above 130: less in the spine, of which the coarse lattice loses little; more in
#: ribs and clavicles, whose thin shell it thins out further.
_SPINE, _RIBS = 0.6, 1.9
_SPINE_MM = 44.0


@dataclass(frozen=True)
class Mass:
    """A mass to make: longest diameter in mm, its border, and its density against soft tissue."""

    size_mm: float
    border: Border
    density: float = 1.0


@dataclass(frozen=True, eq=False)
class Body:
    """Attenuation per mm and where lung is, both (k, j, i) on ``axes``."""

    axes: Axes
    attenuation: Field
    lung: NDArray[np.bool_]


def simulate_body(rng: np.random.Generator, shape: Index = SHAPE, step_mm: Point = STEP_MM, leaves: int = 3500) -> Body:
    """One patient, without masses, arms raised out of the field."""
    settings = ChestSettings(shape=shape, spacing_mm=step_mm, nodules=(), leaves=leaves, scanner=Scanner(0.0, 0.3, 0.0))
    hu = simulate_chest(rng, settings).image.array.transpose(2, 1, 0).astype(np.float32)
    axes = Axes.of(settings.center_mm, shape, step_mm)
    # Who stands for a radiograph has no table behind the back.
    hu[:, _behind(hu)] = -1000
    _speckle(hu, axes, rng)
    share = np.where(np.abs(axes.r) < _SPINE_MM, np.float32(_SPINE), np.float32(_RIBS))
    bone = np.minimum(share * np.maximum(hu - 130, 0), 1400)
    attenuation = np.maximum(1 + (np.minimum(hu, 130) + bone) / 1000, 0) * np.float32(WATER_PER_MM)
    return Body(axes, attenuation, _lung(hu, step_mm))


def _behind(hu: Field) -> NDArray[np.bool_]:
    """Rows (j) behind the last that is mostly filled: the table is thin."""
    filled = (hu > -300).mean(axis=(0, 2))
    last = int(np.flatnonzero(filled > 0.12).max())
    return np.arange(hu.shape[1]) > last + 1


def _speckle(hu: Field, axes: Axes, rng: np.random.Generator) -> None:
    """Calcified granulomas and nodes, 2 to 7 mm: dense spots that are no masses."""
    for _ in range(int(rng.poisson(2.5))):
        k, j, i = (int(rng.integers(n // 4, 3 * n // 4)) for n in hu.shape)
        half = float(rng.uniform(1.0, 3.5))
        box = axes.within(*_box((float(axes.r[0, 0, i]), float(axes.a[0, j, 0]), float(axes.s[k, 0, 0])), half + 3))
        if box is not None:
            part = axes.part(box)
            away = np.sqrt(
                (part.r - axes.r[0, 0, i]) ** 2 + (part.a - axes.a[0, j, 0]) ** 2 + (part.s - axes.s[k, 0, 0]) ** 2
            )
            hu[box] += np.clip(0.5 - (away - half) / 2, 0, 1) * float(rng.uniform(300, 900))


def _box(center: Point, reach: float) -> tuple[Point, Point]:
    r, a, s = center
    return (r - reach, a - reach, s - reach), (r + reach, a + reach, s + reach)


def _lung(hu: Field, step_mm: Point) -> NDArray[np.bool_]:
    """Both lungs, their vessels included."""
    from scipy import ndimage

    airy = (hu > -966) & (hu < -550)
    flat = np.ones((3, 1, 3), dtype=bool)
    airy = ndimage.binary_opening(airy, flat)
    parts, count = ndimage.label(airy)
    if count:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        airy = sizes[parts] > 0.15 * sizes.max()
    return np.asarray(ndimage.binary_closing(airy, flat, iterations=max(1, round(5 / step_mm[0]))))


def place_mass(rng: np.random.Generator, body: Body, mass: Mass, taken: list[Point]) -> Point | None:
    """A place in the lungs, RAS mm, or None without room; a quarter of them where much else lies along the ray."""
    from scipy import ndimage

    inner = ndimage.binary_erosion(body.lung[::2, ::2, ::2], iterations=max(1, round(mass.size_mm * 0.25 / 3)))
    k, j, i = (2 * x for x in np.nonzero(inner))
    if not len(k):
        return None
    if rng.random() < 0.25:
        load = body.attenuation.sum(axis=1)[k, i]
        hidden = load >= np.quantile(load, 0.6)
        k, j, i = k[hidden], j[hidden], i[hidden]
    for at in rng.permutation(len(k))[:20]:
        point = (float(body.axes.r[0, 0, i[at]]), float(body.axes.a[0, j[at], 0]), float(body.axes.s[k[at], 0, 0]))
        if all(np.hypot(point[0] - t[0], point[2] - t[2]) > 60 for t in taken):
            taken.append(point)
            return point
    return None


def grow_mass(
    rng: np.random.Generator, body: Body, mass: Mass, center_mm: Point
) -> tuple[tuple[slice, slice, slice], Field] | None:
    """The box around a mass and how much of each voxel it covers, 0..1; a mass stays within the lung."""
    box = body.axes.within(*_box(center_mm, mass.size_mm * 0.95 + 4))
    if box is None:
        return None
    part = body.axes.part(box)
    away = np.stack(
        np.broadcast_arrays(part.r - center_mm[0], part.a - center_mm[1], part.s - center_mm[2]), axis=-1
    ).astype(np.float32)
    radius = mass.size_mm / 2
    # Longest across the rays, so that the picture shows the size.
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)) * np.array([[1.0, 1, 1], [0, 1, 1], [1, 1, 1]]))
    flat = np.array([1.0, *rng.uniform(0.7, 1.0, 2)])
    length = np.linalg.norm((away @ turn.astype(np.float32)) / flat, axis=-1)
    unit = away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-3)
    distance = length - radius * _outline(rng, unit, mass.border)
    if mass.border == "spiculated":
        distance = np.minimum(distance, _spikes(rng, away, radius))
    soft = {"ill-defined": 0.35 * radius, "spiculated": 0.12 * radius}.get(mass.border, 2.0)
    cover = np.clip(0.5 - distance / max(soft, 2.0), 0, 1) * body.lung[box]
    return box, np.asarray(cover, dtype=np.float32)


def _outline(rng: np.random.Generator, unit: Field, border: Border) -> Field:
    """Radius of the border in each direction, against the nominal one."""
    waves = {"smooth": 0.02, "lobulated": 0.14, "spiculated": 0.08, "ill-defined": 0.1}[border]
    total = np.zeros(unit.shape[:-1], dtype=np.float32)
    for _ in range(6):
        total += np.sin(unit @ (rng.normal(size=3) * 3.2).astype(np.float32) + np.float32(rng.uniform(0, 6.3)))
    core = 0.72 if border == "spiculated" else 1 - waves
    return np.asarray(core + waves * total / np.sqrt(3.0), dtype=np.float32)


def _spikes(rng: np.random.Generator, away: Field, radius: float) -> Field:
    out = np.full(away.shape[:-1], 1e3, dtype=np.float32)
    for _ in range(int(rng.integers(9, 18))):
        ray = rng.normal(size=3)
        ray = (ray / np.linalg.norm(ray)).astype(np.float32)
        along = away @ ray
        across = np.linalg.norm(away - along[..., None] * ray, axis=-1)
        width = np.float32(0.2 * radius) * np.clip(1.15 - along / np.float32(radius * rng.uniform(0.9, 1.25)), -1, 1)
        out = np.where(along > 0, np.minimum(out, across - width), out)
    return out

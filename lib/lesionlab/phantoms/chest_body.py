"""The shape of a simulated chest: smooth signed distances (mm, negative inside) of body, muscle, ribcage and lungs.

Everything is a function of RAS mm (the origin lies in the middle of the chest), so that one patient can be put on any lattice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Axes, Field
from lesionlab.phantoms.chest_organs import mediastinum

RIB_STEP_MM = 24.0


@dataclass(frozen=True)
class Build:
    """What makes one patient differ from the next; lengths in mm."""

    width: float
    fat: float
    muscle: float
    domes: Point
    rib_phase: float
    waves: tuple[tuple[float, ...], ...]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Build:
        """A patient."""
        waves = tuple(tuple(float(x) for x in rng.uniform(0, 2 * np.pi, 3)) for _ in range(6))
        dome = float(rng.uniform(-70, -58))
        return cls(
            width=float(rng.uniform(0.94, 1.03)),
            fat=float(rng.uniform(9, 20)),
            muscle=float(rng.uniform(0.75, 1.15)),
            domes=(dome, dome - float(rng.uniform(6, 16)), 0.0),
            rib_phase=float(rng.uniform(0, 1)),
            waves=waves,
        )

    def unevenness(self, axes: Axes) -> Field:
        """Smooth waves of about +-1, 60 to 150 mm long: no organ is an exact ellipse."""
        total: Field | None = None
        for n, (p, q, t) in enumerate(self.waves):
            length = 60.0 + 18.0 * n
            wave = np.sin(axes.r / length * 6 + p) * np.sin(axes.a / length * 6 + q) * np.sin(axes.s / length * 6 + t)
            total = wave if total is None else total + wave
        assert total is not None
        return np.asarray(total / np.float32(1.5))


@dataclass(frozen=True, eq=False)
class Fields:
    """Signed distances, mm, on one lattice (k, j, i); ``fissure`` is the distance to the nearest one, ``lobe`` 0 to 4."""

    body: Field
    muscle: Field
    cavity: Field
    lung: Field
    bone: Field
    cartilage: Field
    abdomen: Field
    fissure: Field
    lobe: Field
    heart: Field


def chest_fields(build: Build, axes: Axes) -> Fields:
    """All fields on a lattice."""
    uneven = build.unevenness(axes)
    angle = np.abs(np.arctan2(axes.r, axes.a - 2))  # 0 in front, pi at the spine
    half, depth = _cavity_size(build, axes.s)
    cavity = _superellipse(axes.r, axes.a + 4, half, depth, 2.35) + uneven * np.float32(1.5)
    layer = _muscle_depth(build, angle, axes.s)
    body = _body(build, axes, cavity, uneven)
    muscle = np.maximum(cavity - layer - uneven * 2, body + 4.0)
    abdomen = axes.s - _dome(build, axes) - uneven * 2
    heart = mediastinum(axes, uneven)
    lung = np.maximum(cavity + 2.5, -heart)
    lung = np.maximum(lung, -_spine_bulge(axes))
    lung = _smooth_max(lung, -abdomen * np.float32(0.75), 4.0)
    bone, cartilage = _ribs(build, axes, cavity, angle)
    fissure, lobe = _fissures(axes, uneven)
    return Fields(body, muscle, cavity, lung, bone, cartilage, abdomen, fissure, lobe, heart)


def _superellipse(x: Field, y: Field, half: Field, depth: Field, power: float) -> Field:
    """Distance along the ray from the centre: near enough to the true one for smooth, round outlines."""
    ratio = (np.abs(x / half) ** power + np.abs(y / depth) ** power) ** np.float32(1 / power) + np.float32(1e-3)
    return np.asarray(np.sqrt(x * x + y * y) * (1 - 1 / ratio))


def _cavity_size(build: Build, s: Field) -> tuple[Field, Field]:
    knots = [-170, -130, -60, 0, 50, 85, 105, 118, 124, 160]
    half = np.interp(s, knots, [128, 130, 130, 122, 104, 80, 57, 33, 10, 1.0]) * build.width
    depth = np.interp(s, knots, [84, 87, 88, 86, 76, 60, 46, 28, 9, 1.0])
    return half.astype(np.float32), depth.astype(np.float32)


def _body(build: Build, axes: Axes, cavity: Field, uneven: Field) -> Field:
    knots = [-170, -60, 30, 90, 130, 170]
    half = np.interp(axes.s, knots, [151, 153, 157, 163, 160, 140]) * build.width + build.fat
    depth = np.interp(axes.s, knots, [104, 104, 105, 101, 88, 72]) + build.fat * 0.55
    outline = _superellipse(axes.r, axes.a + 8, half.astype(np.float32), depth.astype(np.float32), 2.5)
    groove = 7 * np.exp(-((axes.r / 11) ** 2)) * (axes.a < 0)  # the furrow along the spine
    breast = 12 * np.exp(-(((np.abs(axes.r) - 75) / 38) ** 2) - ((axes.s + 5) / 55) ** 2) * (axes.a > 0)
    return np.asarray(outline + groove - breast + uneven * np.float32(2.0), dtype=np.float32)


def _muscle_depth(build: Build, angle: Field, s: Field) -> Field:
    """How far muscle reaches beyond the inner side of the ribs."""
    up = 1 / (1 + np.exp(-(s - 5) / 14))
    chest = 15 * np.exp(-(((angle - 0.72) / 0.4) ** 2)) * up
    side = (11 + 12 * up) * np.exp(-(((angle - 1.8) / 0.45) ** 2))
    back = (22 + 8 * up) * np.exp(-(((angle - 2.72) / 0.3) ** 2))
    shoulder = 62 * np.exp(-(((angle - 1.6) / 0.75) ** 2)) / (1 + np.exp(-(s - 88) / 9))
    return np.asarray(10 + (chest + side + back) * build.muscle + shoulder, dtype=np.float32)


def _dome(build: Build, axes: Axes) -> Field:
    """Height of the diaphragm, mm."""
    right, left, _ = build.domes

    def side(center_r: float, top: float) -> Field:
        spread = ((axes.r - center_r) / 78) ** 2 + ((axes.a - 12) / 88) ** 2
        return np.asarray(top - 58 * spread ** np.float32(1.25))

    return np.maximum(side(66, right), side(-62, left))


def _spine_bulge(axes: Axes) -> Field:
    """The vertebrae stand out into the chest, with lung in the gutters beside them."""
    return np.asarray((np.sqrt((axes.r / 24) ** 2 + ((axes.a + 66) / 23) ** 2) - 1) * 22 + 0 * axes.s, dtype=np.float32)


def _smooth_max(x: Field, y: Field, width: float) -> Field:
    h = np.clip(0.5 + (x - y) / (2 * width), 0, 1)
    return np.asarray(y + (x - y) * h + width * h * (1 - h))


def _ribs(build: Build, axes: Axes, cavity: Field, angle: Field) -> tuple[Field, Field]:
    """Ribs fall from the spine to the front; cartilage rises again to the sternum. Also scapulae and sternum."""
    along = np.pi - angle
    fall = np.interp(axes.s, [-150, -40, 60, 115], [105, 95, 60, 30]).astype(np.float32)
    drop = fall * np.sin(np.minimum(along, 2.4) * 0.64) - np.maximum(along - 2.4, 0) * 55
    turn = (axes.s + drop) / RIB_STEP_MM + build.rib_phase
    up = (turn - np.rint(turn)) * RIB_STEP_MM
    rib = (np.sqrt((up / 6.2) ** 2 + ((cavity - 5) / 3.9) ** 2) - 1) * np.float32(3.9)
    rib = np.maximum(rib, (np.abs(axes.s + 12) - 130))
    bone = np.maximum(rib, (along - 2.4) * 60)
    cartilage = np.maximum(rib, (2.36 - along) * 60)
    cartilage = np.maximum(cartilage, -(axes.s + 75) * 0.5)
    cartilage = np.maximum(cartilage, 12 - np.abs(axes.r))
    plate = np.maximum(np.abs(cavity - 23 + (angle - 2.2) * 9) - 2.8, np.abs(angle - 2.22) * 85 - 36)
    plate = np.maximum(plate, np.abs(axes.s - 62) - 52 + (angle - 2.2) * 25)
    width = np.where(axes.s > 70, 24.0, 15.0).astype(np.float32)
    sternum = np.maximum(np.abs(axes.r) - width, np.abs(cavity - 6) - 5.5)
    sternum = np.maximum(np.maximum(sternum, np.abs(axes.s - 8) - 88), 0.9 - axes.a * 0.02)
    return np.asarray(np.minimum(np.minimum(bone, plate), sternum), dtype=np.float32), np.asarray(cartilage)


def _fissures(axes: Axes, uneven: Field) -> tuple[Field, Field]:
    """Distance to the nearest fissure, and the lobe: right upper, middle, lower 0-2, left upper, lower 3-4."""
    bent = uneven * np.float32(4) + (np.abs(axes.r) - 60) ** 2 / 450
    oblique = (axes.s - 12 + axes.a * np.float32(0.95) - bent) * np.float32(0.72)
    minor = axes.s + 8 - bent * np.float32(0.6) + axes.a * np.float32(0.12)
    right = axes.r > 0
    upper = oblique > 0
    lobe = np.where(right, np.where(upper, np.where(minor > 0, 0, 1), 2), np.where(upper, 3, 4)).astype(np.float32)
    away = np.abs(oblique)
    away = np.where(right & upper, np.minimum(away, np.abs(minor)), away)
    return np.asarray(away, dtype=np.float32), lobe

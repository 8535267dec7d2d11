"""A simulated frontal chest radiograph: rays through a simulated body, and what a detector makes of them.

Rays diverge from the tube; scatter, quantum noise and the display curve follow. Ribs, vessels, hila, heart and diaphragm
lie over each other and over the masses, as they do in a patient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.errors import InputError
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.canvas import Field
from lesionlab.phantoms.radiograph_body import WATER_PER_MM, Body, Border, Mass, grow_mass, place_mass
from lesionlab.phantoms.radiograph_extras import add_extras, add_marker

#: Pixels along the longest side.
EDGE = 512
#: Of a mass's greatest thickness: where less lies along the ray, a reader sees no edge.
_EDGE_SHARE = 0.15
#: Masses of which less lies in the image are left out, mm of water.
_LEAST_THICKNESS_MM = 4.0


@dataclass(frozen=True)
class Detector:
    """How the picture is taken.

    Attributes:
        distance_mm: from the tube to the detector.
        frontal: whether the patient faces the detector (PA) or the tube (AP, at the bedside).
        scatter: scattered against transmitted radiation, behind the grid.
        quanta: that reach a pixel behind nothing.
        blur: standard deviation, in pixels.
        gamma: of the display curve; below 1 shows the mediastinum brighter.
        detail: how much of what is smaller than 15 mm is added again, as digital units do.
        window: percentiles of the film that become black and white.
    """

    distance_mm: float = 1800.0
    frontal: bool = True
    scatter: float = 0.35
    quanta: float = 30000.0
    blur: float = 0.7
    gamma: float = 1.0
    detail: float = 0.5
    window: tuple[float, float] = (1.0, 99.0)


@dataclass(frozen=True)
class Finding:
    """A mass as it came out: centre (x to the right, y down) and longest diameter in pixels, and its border."""

    x: float
    y: float
    size: float
    border: Border


@dataclass(frozen=True, eq=False)
class Radiograph:
    """``image`` uint8 (y, x), the patient's right on its left side, and its masses."""

    image: NDArray[np.uint8]
    findings: tuple[Finding, ...]
    millimetres_per_pixel: float


@dataclass(frozen=True)
class Stance:
    """How the patient stands to the rays: angles in radians, the field of view's height in mm, its middle, and a smooth bend."""

    yaw: float = 0.0
    pitch: float = 0.0
    lean: float = 0.0
    width: float = 1.0
    field_mm: tuple[float, float] = (330.0, 350.0)
    middle_mm: tuple[float, float] = (0.0, 0.0)
    bend: tuple[tuple[float, float, float], ...] = ()

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Stance:
        """Nobody stands quite straight, and no field is quite the same."""
        bend = tuple(
            (float(rng.normal(0, 2.5)), float(rng.normal(0, 2.5)), float(rng.uniform(0, 6.3))) for _ in range(4)
        )
        high = float(rng.uniform(295, 335))
        return cls(
            yaw=float(rng.normal(0, 0.05)),
            pitch=float(rng.normal(0.1, 0.06)),
            lean=float(rng.normal(0, 0.03)),
            width=float(rng.uniform(0.93, 1.06)),
            field_mm=(high, high * float(rng.uniform(0.95, 1.15))),
            middle_mm=(float(rng.normal(0, 6)), float(rng.normal(5, 6))),
            bend=bend,
        )


def simulate_radiograph(
    rng: np.random.Generator,
    body: Body,
    masses: tuple[Mass, ...],
    detector: Detector | None = None,
    stance: Stance | None = None,
) -> Radiograph:
    """One picture of a body; masses that find no room are left out.

    Raises:
        InputError: the detector is nearer to the tube than the patient is thick.
    """
    standing, growing, adding, taking = rng.spawn(4)
    detector = detector or draw_detector(taking)
    if detector.distance_mm < 600:
        raise InputError("the detector stands in the patient", got=detector.distance_mm, expected="600 mm or more")
    stance = stance or Stance.draw(standing)
    rays = _Rays.of(body, stance, detector)
    shadows: list[tuple[Field, Border]] = []
    attenuation = body.attenuation.copy()
    taken: list[tuple[float, float, float]] = []
    for mass in masses:
        center = place_mass(growing, body, mass, taken)
        grown = None if center is None else grow_mass(growing, body, mass, center)
        if grown is None:
            continue
        box, cover = grown
        soft = np.float32(WATER_PER_MM * 1.04 * mass.density)
        attenuation[box] += cover * np.maximum(soft - attenuation[box], 0)
        whole = np.zeros((body.axes.shape[0], box[1].stop - box[1].start, body.axes.shape[2]), dtype=np.float32)
        whole[box[0], :, box[2]] = cover
        shadows.append((rays.project(whole, box[1].start), mass.border))
    path = rays.project(attenuation, 0)
    add_extras(adding, path, rays.millimetres_per_pixel)
    scale = rays.millimetres_per_pixel
    findings = tuple(f for f in (_measure(shadow, border) for shadow, border in shadows) if f is not None)
    return Radiograph(_expose(taking, path, detector, scale), findings, scale)


def draw_detector(rng: np.random.Generator) -> Detector:
    """One of the usual rooms."""
    return Detector(
        distance_mm=float(rng.uniform(1500, 1900)),
        scatter=float(rng.uniform(0.2, 0.5)),
        quanta=float(np.exp(rng.uniform(np.log(12000), np.log(60000)))),
        blur=float(rng.uniform(0.5, 0.9)),
        gamma=float(rng.uniform(0.85, 1.2)),
        window=(float(rng.uniform(0.3, 2.0)), float(rng.uniform(98.5, 99.7))),
    )


@dataclass(frozen=True, eq=False)
class _Rays:
    """Rays from the tube through a body to the pixels of an image (y down, x to the patient's left)."""

    body: Body
    stance: Stance
    detector: Detector
    rows: Field
    columns: Field
    millimetres_per_pixel: float

    @classmethod
    def of(cls, body: Body, stance: Stance, detector: Detector) -> _Rays:
        high, wide = stance.field_mm
        step = max(high, wide) / EDGE
        y = (np.arange(round(high / step)) - (round(high / step) - 1) / 2) * step
        x = (np.arange(round(wide / step)) - (round(wide / step) - 1) / 2) * step
        # Where each pixel looks on the plane through the middle of the body: left and up, mm.
        left = (x[None] + stance.middle_mm[0]) / stance.width + 0 * y[:, None]
        up = -(y[:, None] + stance.middle_mm[1]) + 0 * x[None]
        left, up = left - up * np.sin(stance.lean), up + left * np.sin(stance.lean)
        move_left, move_up = np.zeros_like(left), np.zeros_like(up)
        for n, (by_left, by_up, phase) in enumerate(stance.bend):
            wave = np.sin(left / (60 + 25 * n) + phase) * np.sin(up / (75 + 20 * n) + 2 * phase)
            move_left, move_up = move_left + by_left * wave, move_up + by_up * wave
        axes = body.axes
        columns = ((left + move_left) + float(axes.r[0, 0, 0])) / abs(float(axes.r[0, 0, 1] - axes.r[0, 0, 0]))
        rows = ((up + move_up) - float(axes.s[0, 0, 0])) / abs(float(axes.s[1, 0, 0] - axes.s[0, 0, 0]))
        return cls(body, stance, detector, rows.astype(np.float32), columns.astype(np.float32), step)

    def project(self, values: Field, first: int) -> Field:
        """The sum along the rays of values per mm in the planes (j) from ``first`` on."""
        axes = self.body.axes
        depth = axes.a[0, :, 0]
        thick = abs(float(depth[1] - depth[0]))
        middle = float(depth.mean())
        step_r, step_s = abs(float(axes.r[0, 0, 1] - axes.r[0, 0, 0])), abs(float(axes.s[1, 0, 0] - axes.s[0, 0, 0]))
        k, i = values.shape[0], values.shape[2]
        total = np.zeros((k, i), dtype=np.float32)
        for n in range(values.shape[1]):
            plane = values[:, n]
            if not plane.any():
                continue
            away = float(depth[first + n]) - middle
            # What is nearer to the tube is magnified more.
            towards = -away if self.detector.frontal else away
            shrink = 1 - towards / (self.detector.distance_mm - 150)
            shift = np.array([np.tan(self.stance.pitch) * away / step_s, np.tan(self.stance.yaw) * away / step_r])
            center = np.array([(k - 1) / 2, (i - 1) / 2])
            offset = center * (1 - shrink) + shift
            total += ndimage.affine_transform(plane, np.array([shrink, shrink]), offset, order=1, mode="nearest")
        out = ndimage.map_coordinates(total * np.float32(thick), [self.rows, self.columns], order=3, mode="nearest")
        return np.asarray(np.maximum(out, 0), dtype=np.float32)


def _measure(shadow: Field, border: Border) -> Finding | None:
    """Centre and longest diameter of the shadow's edge."""
    if shadow.max() < _LEAST_THICKNESS_MM:
        return None
    parts, count = ndimage.label(shadow > _EDGE_SHARE * shadow.max())
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])) if count else parts > 0
    rows, columns = np.nonzero(largest)
    if min(rows.min(), columns.min()) == 0 or rows.max() == shadow.shape[0] - 1 or columns.max() == shadow.shape[1] - 1:
        return None
    size = longest_diameter_mm(largest[None], (1.0, 1.0))
    x, y = (float(v.min() + v.max()) / 2 for v in (columns, rows))
    return Finding(x, y, size, border)


def _expose(rng: np.random.Generator, path: Field, detector: Detector, step_mm: float) -> NDArray[np.uint8]:
    """From attenuation along the rays to grey levels: dense is bright."""
    through = np.exp(-path)
    haze = _smooth(through, 18 / step_mm)
    hit = through + detector.scatter * haze
    hit = ndimage.gaussian_filter(hit, detector.blur)
    counts = np.maximum(rng.poisson(hit * detector.quanta).astype(np.float32), 0.5)
    film = -np.log(ndimage.gaussian_filter(counts, 0.45) / detector.quanta)
    film = film + detector.detail * (film - _smooth(film, 15 / step_mm))
    low, high = np.percentile(film, detector.window)
    level = np.clip((film - low) / max(high - low, 1e-6), 0, 1)
    curve = level**detector.gamma
    curve = curve + 0.12 * np.sin(2 * np.pi * (curve - 0.5)) / (2 * np.pi) * 4 * curve * (1 - curve)
    grey = np.asarray(curve * 245 + 5, dtype=np.float32)
    add_marker(rng, grey)
    return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)


def _smooth(values: Field, sigma: float) -> Field:
    """A wide Gaussian, computed on every fourth pixel."""
    coarse = ndimage.gaussian_filter(values[::4, ::4], sigma / 4, mode="nearest")
    factors = np.array(values.shape) / np.array(coarse.shape)
    return np.asarray(ndimage.zoom(coarse, factors, order=1), dtype=np.float32)

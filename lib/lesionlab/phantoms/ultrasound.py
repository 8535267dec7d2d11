"""A simulated B-mode image of the breast with one lesion: layers, speckle, shadow or enhancement, and what a machine burns in.

Speckle is the envelope of random scatterers seen through the probe's pulse (Wagner et al., IEEE Trans Sonics Ultrason 1983),
which is wider across than along the beam and widens off the focus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.picture import Field, Shape
from lesionlab.phantoms.ultrasound_lesion import Lesion, Signs, draw_lesion, draw_signs
from lesionlab.phantoms.ultrasound_marks import burn_in
from lesionlab.phantoms.ultrasound_tissue import tissue


@dataclass(frozen=True)
class Machine:
    """A vendor's machine and its preset.

    Attributes:
        pulse_mm: of the probe, along the beam (standard deviation).
        beam_mm: across the beam at the focus.
        range_db: between black and white.
        looks: images from several angles that are averaged.
        gain_db: added everywhere.
        noise_db: of the electronics, against the strongest echo.
        smooth: standard deviation of a filter on the picture, pixels.
        gamma: of the display's curve.
        height: pixels along the beam.
        deep_mm: shallowest and deepest setting.
    """

    pulse_mm: float = 0.09
    beam_mm: float = 0.17
    range_db: float = 58.0
    looks: int = 2
    gain_db: float = 0.0
    noise_db: float = -52.0
    smooth: float = 0.5
    gamma: float = 1.0
    height: int = 448
    deep_mm: tuple[float, float] = (32.0, 46.0)


@dataclass(frozen=True, eq=False)
class UltrasoundPhantom:
    """``image`` uint8 (y, x) with the lesion's ``mask``, a point in it (x, y), its longest diameter in pixels, and its signs."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    point: tuple[float, float]
    size: float
    malignant: bool
    signs: Signs


def simulate_ultrasound(rng: np.random.Generator, malignant: bool, machine: Machine | None = None) -> UltrasoundPhantom:
    """One image of one woman."""
    machine = machine or Machine()
    growth, breast, grain, screen = rng.spawn(4)
    deep_mm = float(breast.uniform(*machine.deep_mm))
    pixel_mm = deep_mm / machine.height
    shape: Shape = (machine.height, int(machine.height * breast.uniform(0.85, 1.2)))
    echo, loss = tissue(breast, shape, pixel_mm)
    size_mm = float(np.exp(breast.uniform(np.log(7.0), np.log(20.0))))
    down = float(breast.uniform(0.26, 0.6)) * deep_mm
    half_mm = size_mm / 2
    center = (
        float(np.clip(down, half_mm + 3.5, deep_mm * 0.85 - half_mm)) / pixel_mm,
        float(breast.uniform(0.34, 0.66)) * shape[1],
    )
    signs = draw_signs(growth, malignant)
    lesion = draw_lesion(growth, shape, center, size_mm, signs, pixel_mm)
    picture = _scan(grain, _through(echo, loss, lesion, pixel_mm), machine, pixel_mm)
    rows, columns = np.nonzero(lesion.mask)
    size = longest_diameter_mm(lesion.mask[None], (1.0, 1.0))
    image, left, top = burn_in(screen, picture, lesion.mask, pixel_mm)
    mask = np.zeros(image.shape, dtype=bool)
    mask[top : top + shape[0], left : left + shape[1]] = lesion.mask
    point = (float(columns.mean()) + left, float(rows.mean()) + top)
    return UltrasoundPhantom(image, mask, point, size, malignant, signs)


def _through(echo: Field, loss: Field, lesion: Lesion, pixel_mm: float) -> Field:
    """Echoes in dB as they come back: tissue and lesion, less what sound lost above them."""
    inside = echo * (1 - lesion.cover) + lesion.echo_db
    way = np.cumsum(loss + lesion.loss_db, axis=0, dtype=np.float32)
    # Sound comes from the whole width of the probe: what lies deeper is shaded less sharply.
    way = 0.5 * way + 0.5 * ndimage.gaussian_filter1d(way, 1.2 / pixel_mm, axis=1, mode="nearest")
    return np.asarray(inside - np.clip(way, -12, 28), dtype=np.float32)


def _scan(rng: np.random.Generator, echo_db: Field, machine: Machine, pixel_mm: float) -> NDArray[np.uint8]:
    """Speckle, compression to decibels and the display's curve."""
    height = echo_db.shape[0]
    amplitude = 10 ** (echo_db / 20)
    focus = float(rng.uniform(0.3, 0.7))
    off = np.abs(np.linspace(0, 1, height, dtype=np.float32) - focus)[:, None] * 2
    total = np.zeros_like(echo_db)
    for _ in range(machine.looks):
        parts = []
        for _ in range(2):
            wave = amplitude * rng.standard_normal(echo_db.shape, dtype=np.float32)
            wave = ndimage.gaussian_filter1d(wave, machine.pulse_mm / pixel_mm, axis=0)
            sharp = _unit(wave, machine.beam_mm / pixel_mm)
            broad = _unit(wave, 2.2 * machine.beam_mm / pixel_mm)
            parts.append(sharp * (1 - off * 0.6) + broad * off * 0.6)
        total += np.hypot(*parts)
    total /= machine.looks
    noise = 10 ** (machine.noise_db / 20) * (1 + 3 * np.linspace(0, 1, height, dtype=np.float32)[:, None] ** 2)
    total = np.hypot(total * 1.6, noise * np.abs(rng.standard_normal(echo_db.shape, dtype=np.float32)))
    depth = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope = float(rng.normal(0, 1.5)) * depth + float(rng.normal(0, 1.5)) * (depth**2 - 0.33)
    gain = machine.gain_db + float(rng.normal(0, 2.5))
    decibels = 20 * np.log10(np.maximum(total, 1e-5)) + gain + slope
    level = np.clip((decibels + machine.range_db * 0.66) / machine.range_db, 0, 1) ** machine.gamma
    return np.asarray(np.rint(ndimage.gaussian_filter(level, machine.smooth) * 255), dtype=np.uint8)


def _unit(wave: Field, sigma: float) -> Field:
    """Smoothed across the beam; white noise keeps about its strength."""
    return np.asarray(ndimage.gaussian_filter1d(wave, sigma, axis=1) * np.float32(np.sqrt(2 * sigma * 1.77)))

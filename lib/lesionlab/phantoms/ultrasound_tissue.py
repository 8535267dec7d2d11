"""The layers of the breast on ultrasound: echo strength in decibels from the skin down to the ribs."""

from __future__ import annotations

import numpy as np

from lesionlab.phantoms.picture import Field, Shape, logistic, waves

#: Echo strength, dB: skin, fat, fibroglandular tissue, muscle, rib.
_SKIN, _FAT, _GLAND, _MUSCLE = 1.0, -15.0, -5.0, -13.0


def tissue(rng: np.random.Generator, shape: Shape, pixel_mm: float) -> tuple[Field, Field]:
    """Echo strength and what sound loses in each pixel (dB), (y, x)."""
    deep = shape[0] * pixel_mm
    y = (np.arange(shape[0], dtype=np.float32) * np.float32(pixel_mm))[:, None]
    skin = _border(rng, shape, pixel_mm, float(rng.uniform(1.2, 2.2)), 0.15)
    gland = _border(rng, shape, pixel_mm, deep * float(rng.uniform(0.14, 0.34)), 2.2)
    behind = np.maximum(_border(rng, shape, pixel_mm, deep * float(rng.uniform(0.55, 0.95)), 1.8), gland + 3)
    muscle = behind + _border(rng, shape, pixel_mm, float(rng.uniform(1, 5)), 0.6)

    def below(border: Field) -> Field:
        return logistic((y - border) / 0.18)

    echo = np.full(shape, _SKIN, dtype=np.float32)
    echo += below(skin) * (_fat(rng, shape, pixel_mm) - echo)
    echo += below(gland) * (_glandular(rng, shape, pixel_mm) - echo)
    echo += below(behind) * (_fat(rng, shape, pixel_mm) - echo)
    echo += below(muscle) * (_striated(rng, shape, pixel_mm) - echo)
    for border, strength in ((skin, 5.0), (muscle, 7.0)):
        echo += np.float32(strength) * np.exp(-(((y - border) / 0.3) ** 2))
    echo += 9 * np.exp(-(((y - 0.3) / 0.25) ** 2))
    loss = np.zeros(shape, dtype=np.float32)
    if rng.random() < 0.35:
        _ribs(rng, echo, loss, y, pixel_mm, float(np.mean(muscle)) + float(rng.uniform(5, 9)))
    _poor_contact(rng, loss, pixel_mm)
    return echo, loss


def _border(rng: np.random.Generator, shape: Shape, pixel_mm: float, depth_mm: float, bend_mm: float) -> Field:
    """Depth of a layer's upper border in each column, mm (1, x)."""
    bend = waves(rng, (1, shape[1]), 8, wide=14 / pixel_mm / 8)[:1]
    slope = np.linspace(-1, 1, shape[1], dtype=np.float32)[None] * np.float32(rng.normal(0, 0.5 * bend_mm))
    bend = (bend - bend.mean()) / max(float(bend.std()), 1e-3)
    return np.asarray(np.maximum(depth_mm + bend_mm * 0.5 * bend + slope, 0.6), dtype=np.float32)


def _fat(rng: np.random.Generator, shape: Shape, pixel_mm: float) -> Field:
    """Dark lobules between bright, flat septa."""
    septa = waves(rng, shape, 4.0 / pixel_mm, wide=2.6)
    sheets = np.exp(-((septa / 0.1) ** 2)) * np.clip(0.5 + 0.5 * waves(rng, shape, 7 / pixel_mm), 0, 1.2)
    return np.asarray(_FAT + 11 * sheets + 1.2 * waves(rng, shape, 2.5 / pixel_mm, wide=2), dtype=np.float32)


def _glandular(rng: np.random.Generator, shape: Shape, pixel_mm: float) -> Field:
    """Bright fibrous tissue with darker ducts and islands of fat."""
    amount = float(rng.uniform(-0.6, 1.4))
    islands = logistic((waves(rng, shape, 5.5 / pixel_mm, wide=2.4) - amount) * 3.5)
    ducts = np.exp(-((waves(rng, shape, 2.2 / pixel_mm, wide=3.5) / 0.16) ** 2))
    grain = 1.6 * waves(rng, shape, 1.6 / pixel_mm, wide=2.2)
    return np.asarray(_GLAND + islands * (_FAT - _GLAND + 2) - 3.0 * ducts + grain, dtype=np.float32)


def _striated(rng: np.random.Generator, shape: Shape, pixel_mm: float) -> Field:
    """Muscle: bright lines along its fibres."""
    lines = waves(rng, shape, 1.1 / pixel_mm, wide=14)
    return np.asarray(_MUSCLE + 7 * np.exp(-((lines / 0.35) ** 2)), dtype=np.float32)


def _ribs(rng: np.random.Generator, echo: Field, loss: Field, y: Field, pixel_mm: float, depth_mm: float) -> None:
    """An arch of bone at the bottom, with its shadow."""
    x = (np.arange(echo.shape[1], dtype=np.float32) * np.float32(pixel_mm))[None]
    middle = float(rng.uniform(0, 1)) * echo.shape[1] * pixel_mm
    top = depth_mm + 0.06 * (x - middle) ** 2
    echo += (np.abs(x - middle) < 7) * 16 * np.exp(-(((y - top) / 0.35) ** 2))
    loss += np.asarray((np.abs(x - middle) < 6.5) * 60 * pixel_mm * np.exp(-(((y - top - 0.5) / 0.4) ** 2)), np.float32)


def _poor_contact(rng: np.random.Generator, loss: Field, pixel_mm: float) -> None:
    """Columns that the probe hardly touches, at the sides more often, and single ligaments that shade."""
    x = np.arange(loss.shape[1], dtype=np.float32)
    for _ in range(int(rng.poisson(0.8))):
        at = float(rng.choice([rng.uniform(0, 0.12), rng.uniform(0.88, 1), rng.uniform(0, 1)])) * loss.shape[1]
        width = float(rng.uniform(0.8, 3.5)) / pixel_mm
        start = int(rng.uniform(0, 0.35) * loss.shape[0])
        loss[start] += np.float32(rng.uniform(4, 12)) * np.exp(-(((x - at) / width) ** 2)).astype(np.float32)

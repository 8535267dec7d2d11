"""What else a radiograph of the stomach shows and what says nothing about its lining: spine, ribs, bowel, a pool of barium."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lesionlab.phantoms.picture import Field, Shape, logistic, waves
from lesionlab.phantoms.stomach_shape import Pouch


def background(rng: np.random.Generator, plane: Shape, pixel_mm: float) -> Field:
    """Attenuation of all but the stomach."""
    y, x = np.mgrid[: plane[0], : plane[1]].astype(np.float32)
    across, down = x / plane[1] - 0.5, y / plane[0] - 0.5
    total = 1.6 - 0.9 * (across - rng.normal(0, 0.05)) ** 2 + rng.uniform(-0.4, 0.4) * down
    total = total + 0.06 * waves(rng, plane, 65 / pixel_mm) + 0.03 * waves(rng, plane, 22 / pixel_mm)
    # The lung above the dome of the diaphragm.
    dome = rng.uniform(0.02, 0.2) + 0.35 * (across - rng.uniform(0.1, 0.3)) ** 2
    total = total - 0.55 * logistic((dome - 0.5 - down) * plane[0] * pixel_mm / 3.3)
    total = total + _spine(rng, x, y, pixel_mm) + _ribs(rng, plane, pixel_mm)
    return np.asarray(total + _bowel(rng, plane, pixel_mm), dtype=np.float32)


def _spine(rng: np.random.Generator, x: Field, y: Field, pixel_mm: float) -> Field:
    """Vertebrae with their pedicles and processes."""
    side = float(x.shape[1])
    middle = (
        side * rng.uniform(0.36, 0.46)
        + rng.normal(0, 0.05) * (y - side / 2)
        + rng.normal(0, 0.012) * side * np.sin(y / side * 3.2)
    )
    off = (x - middle) * pixel_mm
    step = float(rng.uniform(31, 37))
    phase = np.mod(y * pixel_mm + rng.uniform(0, step), step) - step / 2
    half = 19.5 - 1.2 * np.cos(phase / step * 2 * np.pi)
    body = logistic((half - np.abs(off)) / 0.8) * logistic((step / 2 - 3.2 - np.abs(phase)) / 0.6)
    rim = np.exp(-(((np.abs(off) - half + 1) / 1.1) ** 2)) * (np.abs(phase) < step / 2 - 3)
    plates = np.exp(-(((np.abs(phase) - step / 2 + 4.2) / 0.9) ** 2)) * (np.abs(off) < half)
    pedicles = np.exp(-((((np.abs(off) - 12.5) / 3.5) ** 2 + ((phase + 5) / 5) ** 2) ** 2))
    tips = np.exp(-(((off / 3) ** 2 + ((phase - 8) / 7) ** 2) ** 2))
    beside = np.exp(-((off / 34) ** 2))  # muscle
    strength = float(rng.uniform(0.15, 0.4))
    return np.asarray(
        strength * (0.8 * body + 0.2 * rim + 0.25 * plates + 0.35 * pedicles + 0.35 * tips) + 0.2 * beside,
        dtype=np.float32,
    )


def _ribs(rng: np.random.Generator, plane: Shape, pixel_mm: float) -> Field:
    """Lower ribs, from the spine outwards and down."""
    y, x = np.mgrid[: plane[0], : plane[1]].astype(np.float32)
    total = np.zeros(plane, dtype=np.float32)
    middle = plane[1] * 0.41
    strength = float(rng.uniform(0.05, 0.16))
    for n in range(5):
        for side in (-1, 1):
            out = np.abs(x - middle) / plane[1]
            top = (-0.12 + 0.115 * n + rng.normal(0, 0.01)) * plane[0]
            arch = top + plane[0] * (0.75 * out - 0.35 * out**2 * (1 + n * 0.3))
            near = np.abs(y - arch) * pixel_mm
            rib = logistic((5.5 - near) / 0.9) + 0.6 * np.exp(-(((near - 5) / 1) ** 2))
            shown = (x - middle) * side > 22 / pixel_mm
            total += strength * rib * shown * logistic((0.62 - n * 0.09 - out) * 30)
    return total


def _bowel(rng: np.random.Generator, plane: Shape, pixel_mm: float) -> Field:
    """Gas in the colon, and loops of small bowel in which barium has moved on."""
    total = np.zeros(plane, dtype=np.float32)
    y, x = np.mgrid[: plane[0], : plane[1]].astype(np.float32)
    wobble = waves(rng, plane, 30 / pixel_mm)
    for _ in range(int(rng.integers(2, 8))):
        cx, cy = (
            float(rng.uniform(0, 1)) * plane[1],
            float(rng.choice([rng.uniform(0.78, 1.0), rng.uniform(0.3, 1.0)])) * plane[0],
        )
        size = float(rng.uniform(10, 26)) / pixel_mm
        r = np.hypot((x - cx) / rng.uniform(0.9, 1.7), y - cy) / size + 0.13 * wobble
        total -= float(rng.uniform(0.12, 0.4)) * logistic((1 - r) * 14) * np.sqrt(np.clip(1.05 - r**2, 0.05, 1))
    if rng.random() < 0.6:
        feathers = waves(rng, plane, 7 / pixel_mm)
        line = ndimage.gaussian_filter1d(rng.normal(0, 1, (60, 2)), 6, axis=0) * 90 / pixel_mm
        line = line + np.array([rng.uniform(0.1, 0.75), rng.uniform(0.72, 0.98)]) * plane[1]
        mask = np.zeros(plane, dtype=np.float32)
        fine = np.stack([np.interp(np.linspace(0, 59, 2000), np.arange(60), c) for c in line.T], axis=1)
        px, py = np.rint(fine).astype(int).T
        kept = (px >= 0) & (py >= 0) & (px < plane[1]) & (py < plane[0])
        mask[py[kept], px[kept]] = 1
        away = ndimage.distance_transform_edt(mask == 0) * pixel_mm if mask.any() else np.full(plane, 1e3)
        total += float(rng.uniform(0.25, 0.8)) * logistic((9 - away) / 1.2) * np.clip(0.55 + 0.4 * feathers, 0, 1.4)
    return total


def pool(rng: np.random.Generator, pouch: Pouch, pixel_mm: float) -> Field:
    """Barium that lies in the deepest part: with a level when the patient stands, with a soft shore when lying."""
    plane = (pouch.inside.shape[0], pouch.inside.shape[1])
    y, x = np.mgrid[: plane[0], : plane[1]].astype(np.float32)
    kind = rng.random()
    amount = float(rng.uniform(1.0, 2.2))
    if kind < 0.3:  # standing
        low = np.quantile(y[pouch.inside], rng.uniform(0.72, 0.93))
        filled = logistic((y - low) * pixel_mm / 0.6)
    elif kind < 0.85:  # lying: in the fundus, or in the antrum
        at = float(rng.uniform(0.0, 0.12)) if rng.random() < 0.6 else float(rng.uniform(0.72, 0.95))
        cx, cy = pouch.spine[int(at * (len(pouch.spine) - 1))]
        r = np.hypot(x - cx, y - cy) * pixel_mm / rng.uniform(20, 42) + 0.3 * waves(rng, plane, 50 / pixel_mm)
        filled = logistic((1 - r) * rng.uniform(5, 14))
    else:
        return np.zeros(plane, dtype=np.float32)
    deep = np.sqrt(np.clip(2 * pouch.edge - pouch.edge**2, 0, 1))
    return np.asarray(amount * filled * deep * pouch.inside, dtype=np.float32)

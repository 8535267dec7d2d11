"""A lesion in its surroundings, as a scanner would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.lesions import shapes, surroundings
from lesionlab.phantoms.lesions.noise import Field, smooth_noise

#: Lesions smaller or larger than this share of the cube are drawn again.
_FILL = (0.0015, 0.12)


@dataclass(frozen=True, eq=False)
class LesionScene:
    """One simulated lesion.

    Attributes:
        image: float32 (n, n, n), axes R, A, S, arbitrary intensity.
        truth: float32 in [0, 1], the share of each voxel that the lesion takes.
    """

    image: Field
    truth: Field


def draw_scene(
    rng: np.random.Generator, n: int = 80, outlines: tuple[shapes.Bits, ...] = (), background: Field | None = None
) -> LesionScene:
    """Draw a lesion.

    Args:
        rng: all randomness comes from here.
        n: voxels along an edge of the cube, which is about 3.6 lesion sizes long.
        outlines: stored shapes (cubes of bits) to draw from, besides random blobs.
        background: a lesion-free (n, n, n) piece of a real image, about in [-1, 1]; None simulates one.
    """
    while True:
        level = _lesion_level(rng, n, outlines)
        if background is None:
            around = _simulated_surroundings(rng, n, level)
        else:
            around = background + 0.0
            if rng.random() < 0.3:
                near = surroundings.neighbours(rng, n, level, 1)
                around = _blend(around, np.full_like(around, rng.uniform(-1, 1)), near, 0.05)
        image = _paint(rng, n, level, around)
        image, truth = _scan(rng, image, (level < 0).astype(np.float32))
        if truth.mean() > _FILL[0] / 2:  # else thick slices have swallowed it
            return LesionScene(image, truth)


def _lesion_level(rng: np.random.Generator, n: int, outlines: tuple[shapes.Bits, ...]) -> Field:
    while True:
        if outlines and rng.random() < 0.5:
            level = shapes.from_bits(rng, n, outlines[int(rng.integers(len(outlines)))])
        else:
            level = shapes.random_blob(rng, n)
        inside = shapes.main_part(level < 0)
        if _FILL[0] < inside.mean() < _FILL[1] and inside[n // 2 - 12 : n // 2 + 12].any():
            # Specks cut off from the main part are not lesion; holes are.
            level = np.where(inside, np.minimum(level, -1e-3), np.maximum(level, 1e-3))
            return np.asarray(level, dtype=np.float32)


def _simulated_surroundings(rng: np.random.Generator, n: int, level: Field) -> Field:
    around = surroundings.tissues(rng, n)
    alike = float(np.mean(around[np.abs(level) < 0.2])) + _contrast(rng)
    if rng.random() < 0.6:
        value = alike + rng.normal(0, 0.15) if rng.random() < 0.6 else rng.uniform(-1, 1)
        tube = surroundings.tubes(rng, n, int(rng.integers(1, 9)))
        around = _blend(around, np.full_like(around, value), tube, 0.04)
    if rng.random() < 0.5:
        value = alike + rng.normal(0, 0.15)
        near = surroundings.neighbours(rng, n, level, int(rng.integers(1, 4)))
        around = _blend(around, np.full_like(around, value), near, 0.05)
    return around


def _contrast(rng: np.random.Generator) -> float:
    return float(rng.choice([-1.0, 1.0]) * np.exp(rng.uniform(np.log(0.15), np.log(1.5))))


def _blend(below: Field, above: Field, level: Field, softness: float) -> Field:
    share = np.clip(0.5 - level / (2 * softness), 0, 1)
    return np.asarray(below + share * (above - below), dtype=np.float32)


def _paint(rng: np.random.Generator, n: int, level: Field, around: Field) -> Field:
    contrast = _contrast(rng)
    shell = (level > 0) & (level < 0.35)
    base = float(np.median(around[shell])) if shell.any() else 0.0
    inside = np.full_like(around, base + contrast)
    if rng.random() < 0.5:
        inside += rng.uniform(0, 0.35) * abs(contrast) * smooth_noise(rng, n, int(rng.integers(6, 25)))
    if rng.random() < 0.25:  # a rim around a core
        core = base + contrast * rng.uniform(-0.6, 0.7)
        inside = np.where(level < -rng.uniform(0.08, 0.4), np.float32(core), inside)
    elif rng.random() < 0.25:  # patches of necrosis or fat
        patches = smooth_noise(rng, n, int(rng.integers(4, 12))) > rng.uniform(0.2, 1.2)
        inside = np.where(patches, np.float32(base + contrast * rng.uniform(-0.5, 0.6)), inside)
    if rng.random() < 0.15:  # oedema
        halo = level - rng.uniform(0.1, 0.5) * (1 + 0.5 * smooth_noise(rng, n, 6))
        around = _blend(around, np.full_like(around, base + contrast * rng.uniform(0.15, 0.6)), halo, 0.1)
    if rng.random() < 0.3:  # a border that can be seen in part only
        faint = np.clip(0.5 + smooth_noise(rng, n, int(rng.integers(4, 9))), rng.uniform(0.1, 0.5), 1)
        depth = np.clip(-level / 0.5, 0, 1)
        inside = around + (inside - around) * np.maximum(faint, depth)
    softness = float(np.exp(rng.uniform(np.log(0.02), np.log(0.2))))
    return _blend(around, np.asarray(inside, dtype=np.float32), level, softness)


def _scan(rng: np.random.Generator, image: Field, truth: Field) -> tuple[Field, Field]:
    """Blur, slices of finite thickness that may jump sideways, noise, and a bias field."""
    n = image.shape[0]
    blur = rng.choice([0.0, rng.uniform(0.3, 1.2), rng.uniform(1.0, 3.5)], p=[0.4, 0.45, 0.15])
    if blur > 0:
        image = ndimage.gaussian_filter(image, blur)
    if rng.random() < 0.5:
        image, truth = _slices(rng, image, truth)
    spread = float(image.std()) + 1e-3
    noise = spread * float(np.exp(rng.uniform(np.log(0.01), np.log(0.5))))
    grain = rng.standard_normal(image.shape).astype(np.float32)
    if rng.random() < 0.6:
        grain = ndimage.gaussian_filter(grain, rng.uniform(0.4, 1.3))
        grain /= float(grain.std())
    image = image + noise * grain
    if rng.random() < 0.3:
        image = image * np.exp(rng.uniform(0, 0.3) * smooth_noise(rng, n, 2))
    return np.asarray(image, dtype=np.float32), truth


def _slices(rng: np.random.Generator, image: Field, truth: Field) -> tuple[Field, Field]:
    n = image.shape[0]
    thickness = int(rng.integers(2, 14))
    starts = np.arange(int(rng.integers(0, thickness)) - thickness, n, thickness)
    jump = rng.uniform(0, 1.5) if rng.random() < 0.3 else 0.0
    planes: list[Field] = []
    shares: list[Field] = []
    middles: list[float] = []
    for start in starts:
        low, high = max(int(start), 0), min(int(start) + thickness, n)
        if high <= low:
            continue
        shift = np.rint(rng.normal(0, jump, 2)).astype(int) if jump else np.zeros(2, dtype=int)
        planes.append(np.roll(image[..., low:high].mean(axis=2), shift, axis=(0, 1)))
        shares.append(np.roll((truth[..., low:high].mean(axis=2) > 0.5).astype(np.float32), shift, axis=(0, 1)))
        middles.append((low + high - 1) / 2)
    weight = _between(np.asarray(middles), n)
    return np.stack(planes, axis=-1) @ weight, np.stack(shares, axis=-1) @ weight


def _between(middles: NDArray[np.float64], n: int) -> Field:
    """Weights (slices, n) of linear interpolation between slices."""
    weight = np.stack([np.interp(np.arange(n), middles, row) for row in np.eye(len(middles))])
    return np.asarray(weight, dtype=np.float32)

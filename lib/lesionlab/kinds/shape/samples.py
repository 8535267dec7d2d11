"""Training samples: stored lesions, turned, stretched, clicked and rescaled anew each time they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from lesionlab.kinds.shape.inputs import mark_points, network_input
from lesionlab.metrics.overlap import longest_diameter_mm

#: Edge of a stored cube, in voxels.
EDGE = 80


@dataclass(frozen=True, eq=False)
class StoredLesion:
    """A lesion and what surrounds it, on a cube of ``EDGE``^3 cubic voxels, axes R, A, S.

    Attributes:
        image: float16, about in [-1, 1].
        truth: uint8, 0..255: the share of each voxel that the lesion takes.
        imaged: first and last index, along R, A, S, that lies within the imaged volume.
        box: first and last index of the lesion.
        middle: index of the deepest inner voxel.
        diameter: longest diameter in voxels within a plane across R, across A and across S (axial).
        size: what readers give for the longest axial diameter, as a share of it; a lab may measure by a rule of its own.
        trust: weight of the truth beside that of a mask, in (0, 1].
        known: the voxels about which the truth says anything; None means all.
    """

    image: NDArray[np.float16]
    truth: NDArray[np.uint8]
    imaged: NDArray[np.int64]
    box: NDArray[np.int64]
    middle: tuple[int, int, int]
    diameter: tuple[float, float, float]
    size: float = 1.0
    trust: float = 1.0
    known: NDArray[np.bool_] | None = None


def store(
    image: NDArray[Any],
    truth: NDArray[Any],
    imaged: NDArray[np.bool_] | None = None,
    size: float = 1.0,
    trust: float = 1.0,
    known: NDArray[np.bool_] | None = None,
) -> StoredLesion | None:
    """Prepare a lesion for drawing; None when it is too small to be seen on the cube.

    Args:
        image: (``EDGE``,) * 3 of any unit.
        truth: the same shape, in [0, 1].
        imaged: which voxels lie within the imaged volume (a box); None means all.
        size: see :class:`StoredLesion`, and so ``trust`` and ``known``.
        trust: likewise.
        known: likewise.
    """
    inside = truth > 0.5
    if inside.sum() < 30:
        return None
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1, 1:-1]
    r, a, s = np.unravel_index(int(depth.argmax()), depth.shape)
    low, high = np.percentile(image, (0.5, 99.5))
    scaled = np.clip((image - low) / max(float(high - low), 1e-6) * 2 - 1, -2, 2)
    diameter = tuple(max(longest_diameter_mm(np.moveaxis(inside, axis, 0), (1.0, 1.0)), 4.0) for axis in range(3))
    return StoredLesion(
        image=scaled.astype(np.float16),
        truth=np.rint(np.clip(truth, 0, 1) * 255).astype(np.uint8),
        imaged=_box(np.ones_like(inside) if imaged is None else imaged),
        box=_box(inside),
        middle=(int(r), int(a), int(s)),
        diameter=(diameter[0], diameter[1], diameter[2]),
        size=size,
        trust=trust,
        known=known,
    )


def _box(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    where = np.argwhere(inside)
    return np.stack([where.min(axis=0), where.max(axis=0)])


@dataclass(frozen=True)
class Augmentation:
    """How far samples stray: the click at most ``click`` half sizes, the logarithm of the size by a normal ``size``."""

    click: float = 0.33
    size: float = 0.11
    stretch: float = 0.12
    elastic: float = 0.06
    invert: float = 0.5
    gamma: float = 0.5
    exclude: float = 0.25
    cut: float = 0.3
    mirror: float = 0.3


@dataclass(frozen=True)
class Batch:
    """``inputs`` (N, 4, n, n, n); ``target`` and ``weight`` (N, 1, n, n, n); ``trust`` (N,), 1 for masks."""

    inputs: Tensor
    target: Tensor
    weight: Tensor
    trust: Tensor


def draw_batch(
    rng: np.random.Generator, lesions: Sequence[StoredLesion], n: int, side: float, how: Augmentation
) -> Batch:
    """One sample of each lesion, stacked."""
    volumes, grids, weights = [], [], []
    for lesion in lesions:
        volumes.append(np.stack([lesion.image.astype(np.float32), lesion.truth / np.float32(255)]))
        index = _positions(rng, lesion, n, side, how)
        index, inside = _cut(rng, lesion, index, how)
        if lesion.known is not None:
            inside &= lesion.known[tuple(np.rint(index).astype(int).clip(0, EDGE - 1).transpose(3, 0, 1, 2))]
        grids.append(torch.from_numpy(np.ascontiguousarray(((index + 0.5) / EDGE * 2 - 1)[..., ::-1])))
        weights.append(torch.from_numpy(inside.astype(np.float32)))
    sampled = functional.grid_sample(torch.from_numpy(np.stack(volumes)), torch.stack(grids), align_corners=False)
    patch = _intensities(rng, sampled[:, 0], how)
    target = sampled[:, 1]
    weight = torch.stack(weights)
    # Where nothing is known nobody would say "not this".
    told = torch.where(weight > 0, target, torch.ones_like(target))
    exclude = torch.stack([_negative_clicks(rng, p, t, n, side, how) for p, t in zip(patch, told, strict=True)])
    trust = torch.tensor([lesion.trust for lesion in lesions])
    return Batch(network_input(patch, side, exclude), target[:, None], weight[:, None], trust)


def _positions(
    rng: np.random.Generator, lesion: StoredLesion, n: int, side: float, how: Augmentation
) -> NDArray[np.float32]:
    """Where the patch's samples lie in the stored cube: voxel indices (n, n, n, 3)."""
    across = int(rng.choice(3, p=[0.2, 0.2, 0.6]))
    error = float(np.clip(rng.normal(0, how.size), -3 * how.size, 3 * how.size))
    size = lesion.diameter[across] * lesion.size * float(np.exp(error))
    axes = [axis for axis in range(3) if axis != across] + [across]
    turn = np.zeros((3, 3))
    angle = rng.uniform(0, 2 * np.pi)
    plane = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plane = plane @ np.diag(rng.choice([-1, 1], 2))
    turn[np.ix_(axes[:2], [0, 1])] = plane
    turn[axes[2], 2] = rng.choice([-1, 1])
    turn = turn @ np.diag(np.exp(rng.uniform(-how.stretch, how.stretch, 3) * np.array([0.5, 0.5, 1.5])))
    click = _click(rng, lesion, how.click * lesion.diameter[across] / 2)
    unit = ((np.arange(n) + 0.5) / n - 0.5) * side
    u = np.stack(np.meshgrid(unit, unit, unit, indexing="ij"), axis=-1).astype(np.float32)
    if rng.random() < 0.4:
        coarse = torch.from_numpy(rng.standard_normal((1, 3, 6, 6, 6)).astype(np.float32)) * how.elastic
        shift = functional.interpolate(coarse, size=(n, n, n), mode="trilinear", align_corners=True)[0]
        u = u + shift.permute(1, 2, 3, 0).numpy()
    return np.asarray(u @ (turn.T * size).astype(np.float32) + click.astype(np.float32), dtype=np.float32)


def _cut(
    rng: np.random.Generator, lesion: StoredLesion, index: NDArray[np.float32], how: Augmentation
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut the imaged volume anew on each side, and continue what lies beyond as reading a patch does, or mirrored.

    A stored volume may have been cut at a fixed distance from its lesion; without this a network would learn the lesion's
    extent from where the image ends.
    """
    low, high = lesion.imaged[0].astype(np.float64), lesion.imaged[1].astype(np.float64)
    margin = np.abs(rng.standard_normal((2, 3))) * 0.3 * lesion.diameter[2] - 0.05 * lesion.diameter[2]
    chosen = rng.random((2, 3)) < how.cut
    tight = np.stack([lesion.box[0] - margin[0], lesion.box[1] + margin[1]])
    low = np.where(chosen[0], np.maximum(low, tight[0]), low)
    high = np.where(chosen[1], np.minimum(high, tight[1]), high)
    inside = ((index >= low - 0.5) & (index <= high + 0.5)).all(axis=-1)
    if rng.random() < how.mirror:
        index = high - np.abs(np.mod(index - low, 2 * (high - low)) - (high - low))
    return np.clip(index, low, high).astype(np.float32), inside


def _click(rng: np.random.Generator, lesion: StoredLesion, reach: float) -> NDArray[np.float64]:
    middle = np.asarray(lesion.middle, dtype=np.float64)
    for _ in range(8):
        shift = rng.standard_normal(3)
        shift *= reach * rng.random() ** (1 / 3) / np.linalg.norm(shift)
        index = np.rint(middle + shift).astype(int)
        if (index >= 0).all() and (index < EDGE).all() and lesion.truth[tuple(index)] > 127:
            return middle + shift
    return middle


def _intensities(rng: np.random.Generator, patch: Tensor, how: Augmentation) -> Tensor:
    out = []
    for values in patch:
        if rng.random() < how.gamma:
            low, high = values.min(), values.max()
            unit = (values - low) / (high - low).clamp_min(1e-6)
            values = unit.clamp(0, 1) ** float(np.exp(rng.uniform(-0.6, 0.6)))
        if rng.random() < how.invert:
            values = -values
        if rng.random() < 0.3:
            noise = torch.from_numpy(rng.standard_normal(values.shape, dtype=np.float32))
            values = values + noise * values.std() * float(np.exp(rng.uniform(np.log(0.01), np.log(0.3))))
        if rng.random() < 0.15:
            values = functional.avg_pool3d(values[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
        out.append(values)
    return torch.stack(out)


def _negative_clicks(
    rng: np.random.Generator, patch: Tensor, target: Tensor, n: int, side: float, how: Augmentation
) -> Tensor:
    """Marks where a reader would say "not this": outside the lesion, near it, and alike in intensity."""
    if rng.random() >= how.exclude:
        return torch.zeros(n, n, n)
    candidates = torch.from_numpy(rng.integers(4, n - 4, (200, 3)))
    r, a, s = candidates.T
    outside = target[r, a, s] < 0.02
    near = ((candidates - n / 2 + 0.5).float().norm(dim=1) < n / side * 0.9) & outside
    if not bool(near.any()):
        return torch.zeros(n, n, n)
    candidates = candidates[near]
    r, a, s = candidates.T
    middle = n // 2
    unlike = (patch[r, a, s] - patch[middle, middle, middle]).abs() / patch.std().clamp_min(1e-6)
    weight = torch.exp(-2 * unlike).numpy().astype(np.float64) + 1e-6
    count = min(int(rng.integers(1, 4)), len(candidates))
    chosen = rng.choice(len(candidates), size=count, replace=False, p=weight / weight.sum())
    return mark_points(candidates[chosen].float(), n, side)

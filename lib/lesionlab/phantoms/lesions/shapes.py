"""Lesion shapes as level sets: negative inside, zero on the border, in units of the lesion's half size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.lesions.noise import Field, smooth_noise

#: The cube reaches this many half sizes to either side of its middle.
REACH = 3.6

Bits = NDArray[np.bool_]


def coordinates(n: int) -> list[Field]:
    """Coordinates of the voxel centres of an ``n``^3 cube along R, A, S, each shaped to broadcast, in half sizes."""
    axis = ((np.arange(n) + 0.5) / n * 2 - 1).astype(np.float32) * REACH
    return [axis.reshape(shape) for shape in ((n, 1, 1), (1, n, 1), (1, 1, n))]


def random_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """A rotation matrix drawn uniformly (QR of a Gaussian matrix, signs fixed)."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    if np.linalg.det(q) < 0:
        q[:, 0] = -q[:, 0]
    return np.asarray(q)


def ellipsoid(n: int, center: NDArray[np.float64], half_axes: NDArray[np.float64], turn: NDArray[np.float64]) -> Field:
    """Level set of an ellipsoid, roughly a distance in half sizes near the border."""
    x = [c - float(m) for c, m in zip(coordinates(n), center, strict=True)]
    matrix = (turn / half_axes).T.astype(np.float32)
    square = sum((row[0] * x[0] + row[1] * x[1] + row[2] * x[2]) ** 2 for row in matrix)
    return np.asarray((np.sqrt(square) - 1) * float(half_axes.mean()), dtype=np.float32)


def random_blob(
    rng: np.random.Generator, n: int, scale: float = 1.0, center: NDArray[np.float64] | None = None
) -> Field:
    """An ellipsoid, a lobulated union of ellipsoids, or an upright one, with a bumpy border."""
    middle = np.zeros(3) if center is None else center
    style = rng.random()
    if style < 0.3:  # upright, as masses in limbs are
        half = np.array([rng.uniform(0.6, 1.0), rng.uniform(0.5, 1.0), rng.uniform(1.0, 2.0)]) * scale
        tilt = random_rotation(rng) * 0.15
        turn, _ = np.linalg.qr(np.eye(3) + tilt)
        level = ellipsoid(n, middle, half, turn)
    else:
        level = ellipsoid(n, middle, rng.uniform(0.5, 1.0, 3) * scale, random_rotation(rng))
    for _ in range(int(rng.integers(1, 4)) if style > 0.65 else 0):
        shift = rng.standard_normal(3)
        shift *= rng.uniform(0.3, 0.8) * scale / np.linalg.norm(shift)
        lobe = ellipsoid(n, middle + shift, rng.uniform(0.3, 0.7, 3) * scale, random_rotation(rng))
        level = np.minimum(level, lobe)
    bumps = rng.uniform(0.0, 0.22) * scale
    level = level + bumps * smooth_noise(rng, n, int(rng.integers(5, 12)))
    if rng.random() < 0.4:
        level = level + rng.uniform(0.02, 0.08) * scale * smooth_noise(rng, n, int(rng.integers(14, 30)))
    return np.asarray(level, dtype=np.float32)


def from_bits(rng: np.random.Generator, n: int, bits: Bits) -> Field:
    """Level set of a stored outline (a cube of bits that spans 1.25 x its longest extent), turned and stretched at random."""
    inside = bits.astype(np.float32)
    distance = ndimage.distance_transform_edt(1 - inside) - ndimage.distance_transform_edt(inside)
    m = bits.shape[0]
    half_voxels = m / 2.5
    turn = random_rotation(rng) if rng.random() < 0.5 else np.eye(3)
    stretch = np.diag(rng.uniform(0.85, 1.2, 3))
    scale = half_voxels / rng.uniform(0.9, 1.1)
    matrix = (turn @ stretch) * scale * (2 * REACH / n)
    offset = np.full(3, (m - 1) / 2) - matrix @ np.full(3, (n - 1) / 2)
    level = ndimage.affine_transform(
        ndimage.gaussian_filter(distance, 0.8), matrix, offset=offset, output_shape=(n, n, n), order=1, mode="nearest"
    )
    return np.asarray(level / half_voxels, dtype=np.float32)


def main_part(inside: Bits) -> Bits:
    """The largest connected part, holes filled."""
    labels, count = ndimage.label(inside)
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        inside = labels == int(sizes.argmax())
    return np.asarray(ndimage.binary_fill_holes(inside))

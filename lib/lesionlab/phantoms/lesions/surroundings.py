"""What lies around a lesion: tissues, walls, vessels, and neighbours that look like it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lesionlab.phantoms.lesions.noise import Field, smooth_noise
from lesionlab.phantoms.lesions.shapes import REACH, coordinates, random_blob


def tissues(rng: np.random.Generator, n: int) -> Field:
    """Background intensities, about in [-1, 1]: one tissue, several, or a wall, each with its own slow variation."""
    style = rng.random()
    if style < 0.25:
        image = np.full((n, n, n), rng.uniform(-0.6, 0.6), dtype=np.float32)
    elif style < 0.75:
        count = int(rng.integers(2, 5))
        cells = int(rng.integers(2, 9))
        fields = np.stack([smooth_noise(rng, n, cells) for _ in range(count)])
        levels = rng.uniform(-1, 1, count).astype(np.float32)
        image = levels[fields.argmax(axis=0)]
    else:
        image = _walls(rng, n)
    image = image + rng.uniform(0, 0.15) * smooth_noise(rng, n, int(rng.integers(2, 6)))
    return np.asarray(image, dtype=np.float32)


def _walls(rng: np.random.Generator, n: int) -> Field:
    """Layers on one or two sides: pleura, skull, skin."""
    image = np.full((n, n, n), rng.uniform(-1, 1), dtype=np.float32)
    x = coordinates(n)
    for _ in range(int(rng.integers(1, 3))):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        depth = sum(float(d) * c for d, c in zip(direction, x, strict=True))
        depth = depth + rng.uniform(0, 0.3) * smooth_noise(rng, n, int(rng.integers(2, 6)))
        start = rng.uniform(0.4, 2.0)
        for _ in range(int(rng.integers(1, 4))):
            image = np.where(depth > start, np.float32(rng.uniform(-1, 1)), image)
            start += rng.uniform(0.1, 0.8)
    return image


def tubes(rng: np.random.Generator, n: int, count: int) -> Field:
    """Level set (in half sizes) of ``count`` bent tubes, vessels or bronchi, of varied calibre."""
    seeds = np.full((n, n, n), REACH, dtype=np.float32)
    out = seeds.copy()
    for _ in range(count):
        points = rng.uniform(-REACH, REACH, (3, 3))
        points[1] *= 0.35
        t = np.linspace(0, 1, 4 * n)[:, None]
        curve = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
        index = np.unique(np.clip(((curve / REACH + 1) / 2 * n).astype(int), 0, n - 1), axis=0)
        line = np.ones((n, n, n), dtype=bool)
        line[tuple(index.T)] = False
        # A tube is thinner than this margin: the distance is needed near the line only.
        margin = 8
        low, high = np.maximum(index.min(0) - margin, 0), np.minimum(index.max(0) + margin + 1, n)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        distance = ndimage.distance_transform_edt(line[box]).astype(np.float32) * (2 * REACH / n)
        out[box] = np.minimum(out[box], distance - rng.uniform(0.06, 0.35))
    return out


def neighbours(rng: np.random.Generator, n: int, lesion: Field, count: int) -> Field:
    """Level set of blobs beside the lesion, touching it or close by, never inside it."""
    out = np.full((n, n, n), REACH, dtype=np.float32)
    for _ in range(count):
        direction = rng.standard_normal(3)
        direction *= rng.uniform(1.3, 2.6) / np.linalg.norm(direction)
        out = np.minimum(out, random_blob(rng, n, rng.uniform(0.3, 1.0), direction))
    gap = rng.choice([0.02, 0.05, 0.15])
    return np.asarray(np.maximum(out, gap - lesion), dtype=np.float32)

"""From volumes with masks, and from nothing at all, to the stored lesions that training draws from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lesionlab.errors import NotFoundError
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.measure import measure
from lesionlab.kinds.shape.samples import EDGE, StoredLesion, store
from lesionlab.phantoms.lesions import lidc
from lesionlab.phantoms.lesions.scene import draw_scene
from lesionlab.phantoms.lesions.shapes import Bits

#: Edge of a stored cube in sizes: room for a patch around an eccentric click, at a size that is too large.
REACH = 3.2
#: A lesion may be this much longer than its axial diameter before the cube grows with it.
_TALL = 1.3
#: How far a reader's size may lie from the outline's diameter before it counts as a slip.
SLIP = 2.0
_OUTLINES = 2500


def cut_lesion(image: Volume, truth: Volume, size_mm: float | None = None) -> StoredLesion | None:
    """The cube around one lesion; None when it is too small to learn from.

    Args:
        image: any unit.
        truth: 0/1 on the same lattice, this lesion only.
        size_mm: as the reader gave it; None means the longest axial diameter of the truth.
    """
    geometry = truth.geometry
    where = np.argwhere(truth.array)
    if len(where) == 0:
        return None
    low, high = where.min(axis=0), where.max(axis=0)
    middle = (low + high) / 2
    extent_mm = (high - low + 1) * np.asarray(geometry.spacing_mm)
    diameter_mm = measure(truth).diameter_mm
    share_of_it = 1.0 if size_mm is None else float(np.clip(size_mm / diameter_mm, 1 / SLIP, SLIP))
    reach_mm = max(diameter_mm, diameter_mm * share_of_it, float(extent_mm.max()) / _TALL)
    side_mm = min(REACH * reach_mm, max(geometry.extent_mm))
    grid = PatchGrid.cube(geometry, geometry.index_to_ras((middle[0], middle[1], middle[2])), side_mm, EDGE)
    share = grid.sample(Volume(truth.array.astype(np.float32), geometry))
    return store(grid.sample(image), share, grid.inside(), share_of_it)


def simulate(rng: np.random.Generator, count: int) -> list[StoredLesion]:
    """Simulated lesions in simulated surroundings."""
    outlines = known_outlines()
    return list(_stored(rng, count, outlines))


def insert(rng: np.random.Generator, image: Volume, count: int, outlines: Sequence[Bits]) -> list[StoredLesion]:
    """Simulated lesions in surroundings cut from a real image, at any magnification."""
    out: list[StoredLesion] = []
    geometry = image.geometry
    for _ in range(count):
        i, j, k = rng.uniform(0.1, 0.9, 3) * np.asarray(geometry.shape)
        side_mm = float(np.exp(rng.uniform(np.log(0.25), np.log(0.9)))) * min(max(geometry.extent_mm[:2]), 120.0)
        grid = PatchGrid.cube(geometry, geometry.index_to_ras((i, j, k)), side_mm, EDGE)
        patch = grid.sample(image)
        low, high = np.percentile(patch, (1, 99))
        if high - low < 1e-3:
            continue
        background = np.clip((patch - low) / (high - low) * 2 - 1, -1.5, 1.5).astype(np.float32)
        scene = draw_scene(rng, EDGE, tuple(outlines), background)
        lesion = store(scene.image, scene.truth, grid.inside())
        if lesion is not None:
            out.append(lesion)
    return out


def known_outlines() -> tuple[Bits, ...]:
    """Nodule outlines to draw shapes from; none when the package that holds them is not installed."""
    try:
        path = lidc.database()
    except NotFoundError:
        return ()
    return lidc.read_outlines(path, _OUTLINES, np.random.default_rng(0))


def _stored(rng: np.random.Generator, count: int, outlines: tuple[Bits, ...]) -> Iterator[StoredLesion]:
    done = 0
    while done < count:
        scene = draw_scene(rng, EDGE, outlines)
        lesion = store(scene.image, scene.truth)
        if lesion is not None:
            done += 1
            yield lesion

"""Random walker between a ball of lesion and a shell of background, on the scaled cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.segmentation import random_walker

from benchmarks.peers.peer import Canonical
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume


@dataclass(frozen=True)
class Walker:
    """Settings of the walker; radii in units of half the size, ``smooth`` in samples."""

    inner: float = 0.65
    outer: float = 1.5
    beta: float = 2000.0
    smooth: float = 0.0
    voxels: int = 32

    def __call__(self, volume: Volume, point_mm: Point, size_mm: float) -> Volume:
        """Mask where a walker reaches the lesion's seeds first."""
        cube = Canonical.of(volume, point_mm, size_mm, voxels=self.voxels)
        seeds = np.zeros(cube.values.shape, dtype=np.int32)
        seeds[cube.radius <= self.inner] = 1
        seeds[cube.radius >= self.outer] = 2
        chances = random_walker(
            cube.smoothed(self.smooth),
            seeds,
            beta=self.beta,
            mode="cg_j",
            tol=1e-4,
            prob_tol=1.0,
            return_full_prob=True,
        )
        return cube.mask(np.asarray(chances[0]), point_mm)

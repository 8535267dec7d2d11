"""Otsu's threshold within a ball, on the scaled cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.filters import threshold_otsu

from benchmarks.peers.peer import Canonical
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume


@dataclass(frozen=True)
class Otsu:
    """Settings; radii in units of half the size, ``smooth`` in samples."""

    limit: float = 1.15
    core: float = 0.6
    smooth: float = 2.0
    voxels: int = 48

    def __call__(self, volume: Volume, point_mm: Point, size_mm: float) -> Volume:
        """Mask of the class, bright or dark, that the click's surroundings belong to."""
        cube = Canonical.of(volume, point_mm, size_mm, voxels=self.voxels)
        values = cube.smoothed(self.smooth)
        near = cube.radius <= self.limit
        level = threshold_otsu(values[near & cube.inside])
        bright = float(np.median(values[cube.radius <= self.core])) >= level
        region = (values >= level) if bright else (values < level)
        return cube.mask((region & near).astype(np.float32), point_mm)

"""Morphological Chan-Vese from a ball, on the scaled cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skimage.segmentation import morphological_chan_vese

from benchmarks.peers.peer import Canonical
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume


@dataclass(frozen=True)
class ChanVese:
    """Settings; radii in units of half the size, ``smooth`` in samples."""

    start: float = 0.82
    limit: float = 1.0
    rounds: int = 20
    smoothing: int = 1
    smooth: float = 1.0
    voxels: int = 32

    def __call__(self, volume: Volume, point_mm: Point, size_mm: float) -> Volume:
        """Mask of the region of even intensity round the click."""
        cube = Canonical.of(volume, point_mm, size_mm, voxels=self.voxels)
        level = morphological_chan_vese(
            cube.smoothed(self.smooth),
            num_iter=self.rounds,
            init_level_set=cube.radius <= self.start,
            smoothing=self.smoothing,
        )
        near = cube.radius <= self.limit
        # The method does not know which of its two regions is the lesion: the one that fills more of the core.
        core = cube.radius <= self.start / 2
        region = np.asarray(level, dtype=bool)
        if region[core].mean() < 0.5:
            region = ~region
        return cube.mask((region & near).astype(np.float32), point_mm)

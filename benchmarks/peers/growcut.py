"""GrowCut on the scaled cube: seeds conquer their neighbours, the weaker the more the intensity changes on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.peers.peer import Canonical
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.competition import strength


@dataclass(frozen=True)
class GrowCut:
    """Settings; radii in units of half the size, ``smooth`` in samples."""

    inner: float = 0.5
    outer: float = 1.8
    smooth: float = 0.0
    voxels: int = 32

    def __call__(self, volume: Volume, point_mm: Point, size_mm: float) -> Volume:
        """Mask of what the lesion's seeds conquer."""
        cube = Canonical.of(volume, point_mm, size_mm, voxels=self.voxels)
        values = cube.smoothed(self.smooth)
        lesion = strength(values, cube.radius <= self.inner)
        background = strength(values, cube.radius >= self.outer)
        # Both strengths are fixed points of the automaton; half their contrast is a field with the border at 0.5.
        return cube.mask(lesion / np.maximum(lesion + background, 1e-12), point_mm)

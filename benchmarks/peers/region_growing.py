"""Confidence-connected region growing (SimpleITK) on the original voxels, within a ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK

from benchmarks.peers.peer import ball, clicked_part
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume


@dataclass(frozen=True)
class RegionGrowing:
    """Settings; ``limit`` and ``core`` in units of half the size."""

    multiplier: float = 3.0
    rounds: int = 1
    limit: float = 1.0
    core: float = 0.5
    smooth: bool = True

    def __call__(self, volume: Volume, point_mm: Point, size_mm: float) -> Volume:
        """Mask of what grows from the click by similar intensity."""
        near = ball(volume, point_mm, self.limit * size_mm)
        start = np.rint(volume.geometry.ras_to_index(near.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
        crop = volume.crop((int(start[0]), int(start[1]), int(start[2])), near.geometry.shape)
        values = crop.array.astype(np.float32)
        # SimpleITK's arrays run k, j, i, its indices i, j, k.
        image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.T))
        if self.smooth:
            image = SimpleITK.CurvatureFlow(image, timeStep=0.0625, numberOfIterations=5)
        seed = np.clip(np.rint(crop.geometry.ras_to_index(point_mm)).astype(int), 0, np.asarray(values.shape) - 1)
        coarsest_mm = max(volume.geometry.spacing_mm)
        grown = SimpleITK.ConfidenceConnected(
            image,
            seedList=[[int(n) for n in seed]],
            numberOfIterations=self.rounds,
            multiplier=self.multiplier,
            initialNeighborhoodRadius=max(1, int(self.core * size_mm / 2 / coarsest_mm)),
            replaceValue=1,
        )
        mask = SimpleITK.GetArrayFromImage(grown).T & near.array
        return clicked_part(Volume(mask.astype(np.uint8), near.geometry), point_mm)

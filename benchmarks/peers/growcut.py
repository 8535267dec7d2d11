"""GrowCut on the scaled cube: seeds conquer their neighbours, the weaker the more the intensity changes on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.peers.peer import Bools, Canonical
from lesionlab.image.geometry import Point
from lesionlab.image.patch import Patch
from lesionlab.image.volume import Volume


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


def strength(values: Patch, seeds: Bools) -> Patch:
    """For each sample, the greatest product of ``1 - |step|`` along any path of face neighbours from a seed.

    This is where the automaton settles: a sample belongs to the label whose strength arrives larger.
    """
    power = seeds.astype(np.float32)
    passes = [1 - np.abs(np.diff(values, axis=axis)) for axis in range(3)]
    while True:
        before = power.copy()
        for axis, keep in enumerate(passes):
            moved, kept = np.moveaxis(power, axis, 0), np.moveaxis(keep, axis, 0)
            for n in range(1, len(moved)):
                np.maximum(moved[n], moved[n - 1] * kept[n - 1], out=moved[n])
            for n in range(len(moved) - 2, -1, -1):
                np.maximum(moved[n], moved[n + 1] * kept[n], out=moved[n])
        if np.allclose(before, power, atol=1e-6):
            return power

"""The measurements of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import longest_diameter_mm


@dataclass(frozen=True)
class Measurement:
    """Longest axial diameter, corner to corner, and volume: voxels times their volume."""

    diameter_mm: float
    volume_mm3: float


def measure(mask: Volume) -> Measurement:
    """Measure a mask; axial is the lattice's plane that lies closest to the body's."""
    order, _ = mask.geometry.canonical_axes()
    planes = mask.array.transpose(order[2], order[0], order[1]) > 0
    spacing = mask.geometry.spacing_mm
    diameter = longest_diameter_mm(planes, (spacing[order[0]], spacing[order[1]]))
    return Measurement(diameter, float(np.count_nonzero(mask.array)) * mask.geometry.voxel_volume_mm3)

"""The lesions of a mask as findings: place, longest diameter, volume."""

from __future__ import annotations

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.store.lesions import Lesion, lesions_of
from lesionlab.weak.label import PointSize
from lesionlab.weak.report import Finding


def findings_of(mask: Volume, reader: str | None = None) -> tuple[Finding, ...]:
    """One finding for each lesion of a mask on the lattice of a series.

    The diameter is the longest within a slice (axes i and j), from corner to corner of its voxels.

    Raises:
        InputError: the mask is empty.
    """
    lesions = lesions_of(mask)
    if not lesions:
        raise InputError("the mask is empty", expected="at least one voxel")
    return tuple(_finding(lesion, number, reader) for number, lesion in enumerate(lesions, start=1))


def _finding(lesion: Lesion, number: int, reader: str | None) -> Finding:
    geometry = lesion.mask.geometry
    inside = lesion.mask.array > 0
    diameter = longest_diameter_mm(inside.transpose(2, 1, 0), (geometry.spacing_mm[1], geometry.spacing_mm[0]))
    volume = float(np.count_nonzero(inside)) * geometry.voxel_volume_mm3
    name = f"Lesion {number}"
    label = PointSize(point_mm=lesion.point_mm, size_mm=diameter, name=name, reader=reader)
    return Finding(label, name, diameter, volume)

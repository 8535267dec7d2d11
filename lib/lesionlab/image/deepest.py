"""The point of a mask to click on."""

from __future__ import annotations

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume


def deepest_point(mask: Volume) -> Point:
    """The centre of the voxel farthest from the outside of a mask, RAS mm; of several the most central one.

    Raises:
        InputError: when the mask is empty.
    """
    from scipy.ndimage import distance_transform_edt

    if not mask.array.any():
        raise InputError("the mask is empty", expected="at least one voxel of lesion")
    depth = distance_transform_edt(np.pad(mask.array > 0, 1), sampling=mask.geometry.spacing_mm)
    deepest = np.argwhere(depth >= depth.max() - 1e-6) - 1
    away = (deepest - np.argwhere(mask.array).mean(axis=0)) * mask.geometry.spacing_mm
    i, j, k = (int(n) for n in deepest[int(np.argmin((away**2).sum(axis=1)))])
    return mask.geometry.index_to_ras((i, j, k))

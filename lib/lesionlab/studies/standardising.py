"""Histogram standardisation (Nyul and Udupa 1999): intensities of another scanner are mapped onto those of a known one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume

_PERCENTILES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0)


@dataclass(frozen=True, eq=False)
class Standard:
    """The landmarks that every image is mapped to: lowest value, percentiles of what is brighter than the mean, highest."""

    landmarks: NDArray[np.float64]

    @classmethod
    def of(cls, volumes: Iterable[Volume]) -> Standard:
        """The mean landmarks of a site's images.

        Raises:
            InputError: there is no image.
        """
        rows = [_landmarks(volume.array) for volume in volumes]
        if not rows:
            raise InputError("no image to learn intensities from")
        return cls(np.mean(rows, axis=0))

    def apply(self, volume: Volume) -> NDArray[np.float64]:
        """New voxel values: the image's own landmarks go to the standard's, what lies between linearly."""
        own = _landmarks(volume.array)
        # Where several landmarks are the same value, that value goes to the mean of their targets.
        places, inverse = np.unique(own, return_inverse=True)
        targets = np.bincount(inverse, weights=self.landmarks) / np.bincount(inverse)
        return np.asarray(np.interp(volume.array, places, targets), dtype=np.float64)


def _landmarks(array: NDArray[np.generic]) -> NDArray[np.float64]:
    values = array.astype(np.float64)
    bright = values[values > values.mean()]
    inner = np.percentile(bright if bright.size else values, _PERCENTILES)
    return np.array([values.min(), *inner, values.max()])

"""What the network sees of an image's values. The same code serves training and inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.task import IntensitySettings

_SAMPLED = 200_000
#: What the network sees is clipped to these.
FLOOR, CEILING = -1.2, 1.6
_CODE = (CEILING - FLOOR) / 255


@dataclass(frozen=True)
class Scale:
    """The values that become -1 and 1."""

    low: float
    high: float

    @classmethod
    def of(cls, settings: IntensitySettings, volume: Volume) -> Scale:
        """Of one image; every n-th voxel is enough for its percentiles."""
        if settings.unit == "value":
            return cls(settings.low, settings.high)
        values = volume.array.reshape(-1)[:: max(volume.array.size // _SAMPLED, 1)].astype(np.float32)
        inside = values[values > values.min()]
        low, high = np.percentile(inside if len(inside) else values, (settings.low, settings.high))
        return cls(float(low), max(float(high), float(low) + 1e-6))

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scaled, and clipped a little beyond -1 and 1."""
        scaled = (values - np.float32(self.low)) / np.float32(self.high - self.low) * 2 - 1
        return np.clip(scaled, FLOOR, CEILING, out=scaled)


def coded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scaled intensities in 8 bits, off by at most a 180th: a thousand angiograms fit into memory."""
    return np.asarray(np.rint((values - FLOOR) / _CODE), dtype=np.uint8)


def decoded(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scaled intensities of codes, which may be means of several."""
    return codes * np.float32(_CODE) + np.float32(FLOOR)

"""What a scan in thick slices would have made of a window of samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def as_thick_slices(values: NDArray[np.float32], thickness: float, phase: float) -> NDArray[np.float32]:
    """Slabs of ``thickness`` samples along the last axis, side by side, and linear interpolation between their middles.

    Args:
        values: samples; the last axis runs across the slices.
        thickness: of a slab, in samples, at least 1.
        phase: where the first slab begins before the first sample, as a share of a slab, in [0, 1).
    """
    count = values.shape[-1]
    edges = np.arange(-phase * thickness, count + thickness, thickness)
    low, high = edges[:-1, None], edges[1:, None]
    sample = np.arange(count)
    share = np.clip(np.minimum(high, sample + 1) - np.maximum(low, sample), 0, None)
    share = share[share.sum(axis=1) > 0]
    share /= share.sum(axis=1, keepdims=True)
    middles = share @ (sample + 0.5)
    between = np.stack([np.interp(sample + 0.5, middles, row) for row in np.eye(len(middles))], axis=1)
    return np.asarray(values @ (between @ share).T, dtype=np.float32)

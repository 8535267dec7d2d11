"""How far two answers to the same request lie apart, from 0 (the same) to 1 (nothing in common)."""

from __future__ import annotations

import numpy as np

from lesionlab.image.volume import Volume


def masks_apart(a: Volume, b: Volume) -> float:
    """1 - Dice of two masks that are crops of one lattice, whatever their values; 0 when both are empty."""
    total = np.count_nonzero(a.array) + np.count_nonzero(b.array)
    if total == 0:
        return 0.0
    start = np.rint(a.geometry.ras_to_index(b.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
    low = np.maximum(start, 0)
    high = np.minimum(start + np.asarray(b.array.shape), a.array.shape)
    if (high <= low).any():
        return 1.0
    mine = a.array[tuple(slice(x, y) for x, y in zip(low, high, strict=True))]
    other = b.array[tuple(slice(x, y) for x, y in zip(low - start, high - start, strict=True))]
    return 1 - 2 * float(np.count_nonzero((mine > 0) & (other > 0))) / total

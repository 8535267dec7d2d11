"""Images as other scanners might have made them: brightness curve, contrast, sharpness and noise changed at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.volume import Volume

_GAMMA, _CONTRAST, _OFFSET = (0.6, 1.6), (0.75, 1.3), (-0.08, 0.08)
_BLUR_SAMPLES, _NOISE = 1.2, 0.04


def other_scanner(volume: Volume, rng: np.random.Generator) -> NDArray[np.float64]:
    """New voxel values; the range between the 1st and 99th percentile is what changes are measured by."""
    values = volume.array.astype(np.float64)
    low, high = np.percentile(values, [1, 99])
    span = max(float(high - low), 1e-6)
    scaled = (values - low) / span
    curved = np.sign(scaled) * np.abs(scaled) ** np.exp(rng.uniform(*np.log(_GAMMA)))
    changed = (curved - 0.5) * rng.uniform(*_CONTRAST) + 0.5 + rng.uniform(*_OFFSET)
    sigmas = [rng.uniform(0, _BLUR_SAMPLES) if n > 1 else 0.0 for n in changed.shape]
    softened = ndimage.gaussian_filter(changed, sigmas, mode="nearest")
    noisy = softened + rng.normal(0, rng.uniform(0, _NOISE), softened.shape)
    return np.asarray(noisy * span + low, dtype=np.float64)

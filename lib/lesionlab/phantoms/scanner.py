"""What a CT scanner does to the truth: reconstruction kernel, slice profile and correlated noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Field


@dataclass(frozen=True)
class Scanner:
    """Noise as a standard deviation in HU; ``blur_mm`` is the kernel's sigma in the slice, ``slab_mm`` the slice's width."""

    noise_hu: float = 18.0
    blur_mm: float = 0.45
    slab_mm: float = 1.5

    def thin(self, count: int, step_mm: float) -> Scanner:
        """What scans slices ``step_mm`` apart so that the mean of ``count`` has this scanner's noise."""
        return replace(self, noise_hu=self.noise_hu * count**0.5, slab_mm=min(self.slab_mm, step_mm))

    def scan(self, hu: Field, spacing_mm: Point, rng: np.random.Generator) -> Field:
        """Blur and add noise, slice by slice in the frequency domain; ``hu`` (k, j, i) is overwritten."""
        from scipy.fft import irfft2, rfft2

        shape = hu.shape[1:]
        fy = np.fft.fftfreq(shape[0], spacing_mm[1])[:, None]
        fx = np.fft.rfftfreq(shape[1], spacing_mm[0])[None, :]
        frequency = np.sqrt(fx * fx + fy * fy)
        kernel = np.exp(-2 * (np.pi * self.blur_mm * frequency) ** 2)
        # Filtered back-projection: noise rises with frequency (the ramp) until the kernel takes it away.
        power = (frequency + 0.02) * np.exp(-2 * (np.pi * (self.blur_mm + 0.25) * frequency) ** 2) ** 2
        amplitude = np.sqrt(power)
        amplitude *= self.noise_hu * np.sqrt(amplitude.size / max(float((amplitude**2).sum()), 1e-12))
        both = np.stack([kernel, amplitude]).astype(np.float32)
        self._slices(hu, spacing_mm[2])
        for k in range(hu.shape[0]):
            white = rng.standard_normal(shape, dtype=np.float32)
            hu[k] = irfft2(rfft2(hu[k]) * both[0] + rfft2(white) * both[1], s=shape)
        return hu

    def _slices(self, hu: Field, spacing_mm: float) -> None:
        """Average over the slice's width, in place."""
        from scipy.ndimage import gaussian_filter1d

        sigma = self.slab_mm / spacing_mm * 0.35
        if sigma > 0.2:
            gaussian_filter1d(hu, sigma, axis=0, output=hu, mode="nearest", truncate=2.5)

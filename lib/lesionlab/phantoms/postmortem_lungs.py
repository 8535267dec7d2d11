"""What death leaves in the lungs on CT: blood that sinks, and, after drowning, water in alveoli, septa and airways.

Ground-glass opacities in patches and along the bronchi, thickened interlobular septa and fluid or froth in the airways speak for
drowning (Christe et al., Forensic Sci Int 2008; Usui et al., Eur J Radiol 2014); a plain gravity gradient with wide
vessels for cardiac death. Either may hold as much fluid as the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.canvas import Axes, Box, Canvas, Coarse, Field
from lesionlab.phantoms.chest_body import Fields
from lesionlab.phantoms.chest_tissue import LUNG_GRADIENT

_WATER_HU, _AIR_HU = 35.0, -965.0
#: What haze must add to be seen.
_VISIBLE_HU = 90.0
#: Radius of the gaps between wet septa or patches that a reader's outline goes across, mm.
_GAP_MM = 8.0
_SLAB = 8


@dataclass(frozen=True)
class Fluid:
    """How much fluid lies in the lungs, and where: the weights of three patterns against each other.

    Attributes:
        most: HU that a dry lung gains where there is most fluid.
        least: and where there is least.
        skew: how much of the lung is nearer to the least, 1 for an even spread.
        sunk: at the back, from gravity.
        tilt: of the fluid's surface, mm in R for each mm in A.
        haze: ground glass.
        patch_mm: size of its patches.
        central: how much more of it lies around the hila, 0..1.
        septa: thickened interlobular septa.
        uneven: from lobule to lobule.
    """

    most: float
    least: float
    skew: float
    sunk: float
    tilt: float
    haze: float
    patch_mm: float
    central: float
    septa: float
    uneven: float


def draw_fluid(rng: np.random.Generator, drowned: bool) -> Fluid:
    """As much fluid whatever the cause, spread in another way; single patterns overlap."""
    if drowned:
        haze = float(rng.uniform(0.5, 1.1))
        septa, sunk = 1.5 - haze + float(rng.uniform(0, 0.3)), float(rng.uniform(0.15, 0.75))
    else:
        haze, septa, sunk = (float(rng.uniform(*span)) for span in ((0, 0.35), (0, 0.3), (0.8, 1.3)))
    least = float(rng.uniform(0, 70))
    return Fluid(
        most=least + float(rng.uniform(290, 560)),
        least=least,
        skew=float(rng.uniform(0.8, 2.2)),
        sunk=sunk,
        tilt=float(rng.normal(0, 0.12)),
        haze=haze,
        patch_mm=float(rng.uniform(18, 45)),
        central=float(rng.uniform(0, 1)),
        septa=septa,
        uneven=float(rng.uniform(0.1, 0.35)),
    )


def flood(canvas: Canvas, coarse: Coarse, fields: Fields, fluid: Fluid, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Add the fluid to the lungs: air gives way to it, vessels and bronchi stay.

    Returns the lung that haze and septa have changed, as a reader outlines it: with the narrow gaps between them.
    """
    lung = fields.lung < -1
    gravity, water = _patterns(coarse.axes, lung, fluid, rng)
    pattern = gravity + water
    # Each lung gets the same amounts whatever the pattern: only where they lie tells one from the other.
    share = np.linspace(0, 1, 200, dtype=np.float32)
    ranks = np.interp(pattern, np.quantile(pattern[lung], share), share)
    gain = np.asarray(fluid.least + (fluid.most - fluid.least) * ranks**fluid.skew, dtype=np.float32)
    telling = (water > 0.5) & (gain > _VISIBLE_HU) & lung
    changed = np.asarray(outlined(telling, coarse.axes) & lung, dtype=np.float32)
    # The gradient of a living lung would add to the one that blood makes: here the pattern is all there is.
    living = LUNG_GRADIENT * (canvas.axes.a + 4)
    seen = np.zeros(canvas.hu.shape, dtype=bool)
    for low in range(0, canvas.hu.shape[0], _SLAB):
        box: Box = (slice(low, min(low + _SLAB, canvas.hu.shape[0])), slice(None), slice(None))
        hu = canvas.hu[box]
        inside = canvas.cover(coarse.upsample(fields.lung, box)) * (hu > _AIR_HU)
        seen[box] = (coarse.upsample(changed, box) > 0.5) & (inside > 0.5)
        hu += np.clip((_WATER_HU - hu) / 900, 0, 1) * inside * (coarse.upsample(gain, box) - living)
    return seen


def outlined(spots: NDArray[np.bool_], axes: Axes) -> NDArray[np.bool_]:
    """Spots (k, j, i) with all gaps between them that no ball of ``_GAP_MM`` fits into (a closing)."""
    if not spots.any():
        return spots
    steps = axes.geometry().spacing_mm[::-1]
    reached = ndimage.distance_transform_edt(~spots, sampling=steps) <= _GAP_MM
    closed: NDArray[np.bool_] = ndimage.distance_transform_edt(reached, sampling=steps) > _GAP_MM
    return closed


def _patterns(axes: Axes, lung: NDArray[np.bool_], fluid: Fluid, rng: np.random.Generator) -> tuple[Field, Field]:
    """What gravity makes, and what water in alveoli and septa makes; each of unit spread in the lungs, times its weight."""
    sunk = np.tanh(0.9 * _unit(-(axes.a + fluid.tilt * axes.r) + 0 * axes.s, lung))
    wide, small, lobules, net = (_smooth(axes, size, rng) for size in (fluid.patch_mm, 10.0, 12.0, 17.0))
    hila = np.exp(-(((np.abs(axes.r) - 52) / 34) ** 2) - ((axes.a + 20) / 40) ** 2 - ((axes.s + 5) / 55) ** 2)
    haze = _unit(np.tanh(1.6 * wide) + 0.45 * small + fluid.central * 1.6 * hila, lung)
    septa = 2.6 * np.exp(-((net / 0.17) ** 2)) - 0.4
    gravity = fluid.sunk * _unit(sunk, lung) + fluid.uneven * lobules
    return np.asarray(gravity, np.float32), np.asarray(fluid.haze * haze + fluid.septa * septa, np.float32)


def _unit(values: NDArray[np.floating], lung: NDArray[np.bool_]) -> Field:
    """Mean 0 and spread 1 in the lungs."""
    inside = values[lung]
    return np.asarray((values - inside.mean()) / max(float(inside.std()), 1e-6), dtype=np.float32)


def _smooth(axes: Axes, length_mm: float, rng: np.random.Generator) -> Field:
    """Smooth noise (k, j, i) of unit spread whose hills are about ``length_mm`` wide."""
    sigma = [length_mm / 4 / step for step in axes.geometry().spacing_mm[::-1]]
    noise = ndimage.gaussian_filter(rng.standard_normal(axes.shape, dtype=np.float32), sigma, mode="wrap", truncate=3)
    return np.asarray(noise / max(float(noise.std()), 1e-6), dtype=np.float32)

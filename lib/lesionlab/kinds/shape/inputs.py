"""What the network sees of a patch. The same code serves training and inference, so both see the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

#: Input channels: intensity over the whole patch, intensity around the click, distance to the sphere, negative clicks.
CHANNELS = 4

_CLICK_RADIUS = 0.12
_EXCLUDE_SIGMA = 0.08


@dataclass(frozen=True, eq=False)
class Normalisation:
    """What makes patches free of their images' units, (N,) each: intensities at -1, from -1 to 1, and at and around the click."""

    low: Tensor
    spread: Tensor
    click: Tensor
    local: Tensor

    @classmethod
    def of(cls, patch: Tensor, side: float) -> Normalisation:
        """Of patches (N, n, n, n) that are ``side`` sizes wide."""
        n = patch.shape[-1]
        radius = _radius(n, side)
        sample = patch[:, ::2, ::2, ::2].flatten(1)
        low, high = _percentiles(sample, (0.01, 0.99))
        spread = (high - low).clamp_min(1e-6)
        click = patch[:, radius < max(_CLICK_RADIUS, side / n)].median(dim=1).values
        near = patch[:, radius < 0.6]
        first, third = _percentiles(near[:, ::3], (0.1, 0.9))
        return cls(low, spread, click, torch.maximum(third - first, spread * 0.02) / 2)

    def apply(self, patch: Tensor, side: float, exclude: Tensor | None = None) -> Tensor:
        """See :func:`network_input`; with the normalisation of one patch, any number of patches."""
        whole = ((patch - _cube(self.low)) / _cube(self.spread) * 2 - 1).clamp(-1.3, 1.3)
        centred = torch.tanh((patch - _cube(self.click)) / _cube(self.local) / 3) * 2
        sphere = ((_radius(patch.shape[-1], side) - 0.5) * 2).clamp(max=2.0).expand_as(patch)
        marks = torch.zeros_like(patch) if exclude is None else exclude.expand_as(patch)
        return torch.stack([whole, centred, sphere, marks], dim=1)


def network_input(patch: Tensor, side: float, exclude: Tensor | None = None) -> Tensor:
    """Normalise patches whose middle is the click.

    Args:
        patch: (N, n, n, n) intensities of any unit, axes R, A, S, float32.
        side: edge of the patch in sizes.
        exclude: (N, n, n, n) marks of negative clicks as :func:`mark_points` draws them, or None.

    Returns:
        (N, 4, n, n, n), free of the image's unit and offset: a linear change of the intensities changes nothing but, when it
        inverts them, the sign of the first two channels.
    """
    return Normalisation.of(patch, side).apply(patch, side, exclude)


def mark_points(points: Tensor, n: int, side: float) -> Tensor:
    """Gaussian marks at points.

    Args:
        points: (P, 3) patch indices along R, A, S; P may be 0.
        n: voxels along the edge of the patch.
        side: edge of the patch in sizes.

    Returns:
        (n, n, n) in [0, 1].
    """
    marks = torch.zeros(n, n, n)
    sigma = _EXCLUDE_SIGMA * n / side
    index = torch.arange(n, dtype=torch.float32)
    for point in points:
        r, a, s = (torch.exp(-((index - p) ** 2) / (2 * sigma**2)) for p in point.clamp(0, n - 1))
        marks = torch.maximum(marks, r[:, None, None] * a[None, :, None] * s[None, None, :])
    return marks


@cache
def _radius(n: int, side: float) -> Tensor:
    """Distance from the patch's middle, in sizes (the sphere's border is at 0.5)."""
    axis = ((torch.arange(n) + 0.5) / n - 0.5) * side
    return (axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2).sqrt()


def _percentiles(values: Tensor, levels: tuple[float, float]) -> tuple[Tensor, Tensor]:
    count = values.shape[1]
    ordered = values.sort(dim=1).values
    low, high = (min(int(level * count), count - 1) for level in levels)
    return ordered[:, low], ordered[:, high]


def _cube(per_patch: Tensor) -> Tensor:
    return per_patch[:, None, None, None]

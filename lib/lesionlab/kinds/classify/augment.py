"""Samples changed anew each time they are drawn: one affine resampling for all geometry, and a few changes of intensity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lesionlab.kinds.classify.bags import edges_of
from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.task import AugmentationSettings, ClassifyTask


@dataclass(frozen=True, eq=False)
class Warp:
    """How a sample is looked at; lengths are shares of the edges.

    Attributes:
        angle: about the axis across the plane, rad.
        scale: of the crop: above 1 more is seen, and smaller.
        shift: of the crop along columns and rows.
        flips: whether columns and rows are mirrored.
    """

    angle: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    flips: tuple[bool, bool] = (False, False)

    def matrix(self, edges: tuple[int, ...], stored: tuple[int, ...]) -> NDArray[np.float64]:
        """For ``affine_grid``: (axes, axes + 1), from places in the crop to places in what is stored, both in [-1, 1]; x first."""
        axes = len(edges)
        turn = np.eye(axes)
        c, s = math.cos(self.angle), math.sin(self.angle)
        turn[:2, :2] = np.array([[c, -s], [s, c]]) @ np.diag([-1.0 if flip else 1.0 for flip in self.flips])
        out, inside = (np.asarray(e[::-1], dtype=np.float64) for e in (edges, stored))
        moved = np.zeros(axes)
        moved[:2] = self.shift
        matrix = np.empty((axes, axes + 1))
        matrix[:, :axes] = np.diag(1 / inside) @ turn @ np.diag(out) * self.scale
        matrix[:, axes] = 2 * moved * out / inside
        return matrix


def draw_warp(task: ClassifyTask, sized: bool, magnification: float, rng: np.random.Generator) -> Warp:
    """A random look at a case; ``sized``: its crop was cut by a size, which may be wrong; ``magnification``: of a patch."""
    settings, form = task.training.augmentation, task.input
    scale = _factor(rng, settings.scale)
    shift = rng.uniform(-settings.shift, settings.shift, 2)
    if isinstance(form, PatchForm) and form.side is not None:
        scale *= _factor(rng, settings.size_error) if sized else 1.0
        # Anywhere in a disc of the error's radius.
        radius = _click_share(task) / magnification * math.sqrt(rng.random())
        angle = rng.uniform(0, 2 * math.pi)
        shift = shift + radius * np.array([math.cos(angle), math.sin(angle)])
    chances = rng.random(2) < 0.5
    flips = (bool(chances[0]) and "horizontal" in settings.flips, bool(chances[1]) and "vertical" in settings.flips)
    turned = float(rng.uniform(-settings.rotation_rad, settings.rotation_rad))
    return Warp(turned, scale, (float(shift[0]), float(shift[1])), flips)


def margin_for(task: ClassifyTask) -> float:
    """How much more than a patch must be stored on each side, as a share of its edge, for the widest look; 0 for other forms."""
    if not isinstance(task.input, PatchForm):
        return 0.0
    settings = task.training.augmentation
    scale = (1 + settings.scale) * (1 + settings.size_error if task.input.side is not None else 1)
    angle = min(settings.rotation_rad, math.pi / 4)
    click = _click_share(task) / min(task.input.magnifications) if task.input.side is not None else 0.0
    reach = 0.5 * scale * (math.cos(angle) + math.sin(angle)) + settings.shift + click
    return max(0.0, reach - 0.5)


def resample(stored: Tensor, warps: list[Warp], task: ClassifyTask) -> Tensor:
    """Crops (N, channels, *edges) of stored samples (N, channels, *stored edges); beyond the border its values go on."""
    edges = edges_of(task)
    matrices = np.stack([warp.matrix(edges, tuple(stored.shape[2:])) for warp in warps])
    theta = torch.from_numpy(matrices).float()
    grid = functional.affine_grid(theta, [len(stored), 1, *edges], align_corners=False)
    return functional.grid_sample(stored, grid, padding_mode="border", align_corners=False)


def shade(x: Tensor, settings: AugmentationSettings, rng: np.random.Generator) -> Tensor:
    """Intensities of samples (N, ...) in about [-1, 1], changed for each sample at random."""
    axes = (len(x), *(1,) * (x.ndim - 1))

    def each(share: float) -> Tensor:
        return torch.from_numpy(1 + rng.uniform(-share, share, axes)).float()

    values = (x + 1) / 2
    if settings.gamma:
        values = values.clamp_min(1e-4).pow(each(settings.gamma))
    if settings.contrast:
        middle = values.flatten(1).mean(dim=1).reshape(axes)
        values = (values - middle) * each(settings.contrast) + middle
    if settings.brightness:
        values = values * each(settings.brightness)
    if settings.inversion:
        turned = torch.from_numpy(rng.random(axes) < settings.inversion)
        values = torch.where(turned, 1 - values, values)
    x = values * 2 - 1
    if settings.blur:
        x = _blurred(x, float(rng.uniform(0, settings.blur)))
    if settings.noise:
        strength = torch.from_numpy(rng.uniform(0, settings.noise, axes)).float()
        x = x + strength * torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    return _erased(x, settings.erase, rng) if settings.erase else x


def mixed(settings: AugmentationSettings, count: int, rng: np.random.Generator) -> tuple[float, NDArray[np.int64]]:
    """The weight of each sample in a mixture, and its partner in the batch."""
    weight = float(rng.beta(settings.mixup, settings.mixup)) if settings.mixup else 1.0
    return max(weight, 1 - weight), rng.permutation(count)


def _factor(rng: np.random.Generator, share: float) -> float:
    return math.exp(rng.uniform(math.log(1 - share), math.log(1 + share)))


def _click_share(task: ClassifyTask) -> float:
    side = task.input.side if isinstance(task.input, PatchForm) else None
    return 0.0 if side is None else task.training.augmentation.click_error / (2 * side)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    if sigma < 0.3:
        return x
    reach = math.ceil(2 * sigma)
    line = torch.exp(-(torch.arange(-reach, reach + 1).float() ** 2) / (2 * sigma**2))
    line = line / line.sum()
    planes = x.reshape(-1, 1, *x.shape[-2:])
    planes = functional.pad(planes, (reach, reach, reach, reach), mode="replicate")
    planes = functional.conv2d(functional.conv2d(planes, line[None, None, None]), line[None, None, :, None])
    return planes.reshape(x.shape)


def _erased(x: Tensor, chance: float, rng: np.random.Generator) -> Tensor:
    x = x.clone()
    height, width = x.shape[-2:]
    for row in x:
        if rng.random() < chance:
            share = rng.uniform(0.1, 0.5, 2)
            h, w = int(share[0] * height), int(share[1] * width)
            top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            row[..., top : top + h, left : left + w] = row.mean()
    return x

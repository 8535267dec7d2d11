"""Class Model Visualization: the input that a network takes for a finding most of all (Simonyan et al. 2014).

Left alone, the search ends in noise that no person can read. It is held to images: from coarse to fine (octaves), shifted a
little at every step (jitter), smoothed now and then, with a price on roughness (total variation) and on distance from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lesionlab.explain.subject import Subject, low_passed
from lesionlab.progress import Progress, Report, silent


@dataclass(frozen=True)
class ClassModelSettings:
    """How the search is held.

    Attributes:
        octaves: sizes of the image, each half as fine as the next; the last is the input's own.
        steps: of each octave.
        rate: of a step (Adam), in units of the inputs' range.
        roughness: what a step between neighbours costs, where the number's gradient has a root mean square of 1.
        distance: what a sample's distance from nothing costs, for all of the range.
        smoothed: every so many steps the image is smoothed by three samples.
    """

    octaves: int = 3
    steps: int = 32
    rate: float = 0.03
    roughness: float = 0.2
    distance: float = 0.1
    smoothed: int = 8


_DEFAULT = ClassModelSettings()


def class_model(
    subject: Subject, rng: np.random.Generator, how: ClassModelSettings = _DEFAULT, report: Report = silent
) -> Tensor:
    """An input (1, C, *edges) of one view for which the number is as large as an image can make it."""
    own = subject.apart()
    nothing = subject.baselines.flatten(0, subject.baselines.ndim - subject.inputs.ndim)[-1:]
    span = subject.high - subject.low
    edges = subject.inputs.shape[2:]
    plain = nothing.mean()
    noise = torch.from_numpy(rng.standard_normal(nothing.shape).astype(np.float32))
    image = (nothing + 0.02 * span * noise).clamp(subject.low, subject.high)
    for octave in reversed(range(how.octaves)):
        shape = [max(edge >> octave, 4) for edge in edges]
        image = _resized(image, shape).requires_grad_()
        optimiser = torch.optim.Adam([image], lr=how.rate * span)
        for step in range(how.steps):
            done = (how.octaves - 1 - octave) * how.steps + step
            report(Progress(done, how.octaves * how.steps, "looking for an image"))
            with torch.enable_grad():
                (slope,) = torch.autograd.grad(own.numbers(_shifted(_resized(image, list(edges)), rng)).sum(), image)
                price = how.roughness * _roughness(image) + how.distance * (image - plain).pow(2).sum() / (2 * span)
                (back,) = torch.autograd.grad(price, image)
            # Networks differ in how steep they are; the prices shall not depend on it.
            gradient = back - slope / slope.pow(2).mean().sqrt().clamp_min(1e-12)
            image.grad = gradient
            optimiser.step()
            with torch.no_grad():
                if step % how.smoothed == how.smoothed - 1:
                    image.copy_(low_passed(image, 3))
                image.clamp_(subject.low, subject.high)
        image = image.detach()
    return image


def _resized(image: Tensor, edges: list[int]) -> Tensor:
    mode = "bilinear" if len(edges) == 2 else "trilinear"
    return functional.interpolate(image, edges, mode=mode, align_corners=False)


def _shifted(image: Tensor, rng: np.random.Generator) -> Tensor:
    """By up to a thirty-second of each edge."""
    axes = list(range(2, image.ndim))
    shifts = [int(rng.integers(-(image.shape[axis] // 32), image.shape[axis] // 32 + 1)) for axis in axes]
    return torch.roll(image, shifts, axes)


def _roughness(image: Tensor) -> Tensor:
    return torch.stack([image.diff(dim=axis).abs().sum() for axis in range(2, image.ndim)]).sum()

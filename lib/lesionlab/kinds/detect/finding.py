"""From a volume to candidates: windows, peaks, and one candidate where several windows or peaks mean the same lesion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.image.geometry import Geometry
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.intensities import Scale
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import forward
from lesionlab.networks.heatmap import CELL
from lesionlab.progress import Progress, Report, silent

#: Peaks below this certainty of the network are not looked at.
_FLOOR = 0.02
_PEAKS = 60


@dataclass(frozen=True)
class Box:
    """A part of an array of samples; it may reach beyond the array.

    Attributes:
        start: along each axis.
        shape: along each axis.
        core: which of its samples (start and stop along each axis) are its own to answer for.
    """

    start: tuple[int, ...]
    shape: tuple[int, ...]
    core: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Window:
    """One view of the image: its samples, and which of them (start and stop along each patch axis) are its own to answer for."""

    grid: PatchGrid
    core: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Peak:
    """Where the heat map of a class peaks: index in the window, longest diameter in samples, and the network's certainty."""

    place: tuple[float, ...]
    size: float
    certainty: float
    lesion_class: int


def boxes(task: DetectTask, counts: tuple[int, ...]) -> Iterator[Box]:
    """Boxes whose cores cover an array of ``counts`` samples once."""
    for pieces in itertools.product(*(_pieces(count, edge_for(task, count), task.grid.margin) for count in counts)):
        start, shape = tuple(p[0] for p in pieces), tuple(p[1] for p in pieces)
        yield Box(start, shape, tuple((low, high) for _, _, low, high in pieces))


def edge_for(task: DetectTask, count: int) -> int:
    """The smallest edge (from training's to inference's) whose windows cover ``count`` samples and are as few as the largest's."""
    grid, unit = task.grid, task.multiple
    if count <= grid.inference:
        least = count
    else:
        number = _windows_along(count, grid.inference, grid.margin)
        least = int(np.ceil((count - 2 * grid.margin) / number)) + 2 * grid.margin
    return min(max(-(-least // unit) * unit, grid.training), grid.inference)


def windows(task: DetectTask, geometry: Geometry) -> Iterator[Window]:
    """Windows whose cores cover the image once. Of a plane, patch axis S has one sample."""
    step = task.grid.step_of(geometry)
    order, _ = geometry.canonical_axes()
    counts = [max(1, int(np.ceil(geometry.extent_mm[axis] / step))) for axis in order][: task.dimension]
    middle = tuple((n - 1) / 2 for n in geometry.shape)
    center = geometry.index_to_ras((middle[0], middle[1], middle[2]))
    whole = PatchGrid(geometry, center, step, _three(counts))
    for box in boxes(task, tuple(counts)):
        place = [start + (length - 1) / 2 for start, length in zip(box.start, box.shape, strict=True)]
        center = whole.to_ras((place[0], place[1], place[2] if len(place) == 3 else 0.0))
        core = (*box.core, (0, 1)) if task.dimension == 2 else box.core
        yield Window(PatchGrid(geometry, center, step, _three(box.shape)), core)


def _windows_along(count: int, edge: int, margin: int) -> int:
    return int(np.ceil((count - 2 * margin) / (edge - 2 * margin)))


def _pieces(count: int, edge: int, margin: int) -> list[tuple[int, int, int, int]]:
    """Along one axis: start and length of each window, and the part of it that is its own."""
    if count <= edge:
        start = -((edge - count) // 2)
        return [(start, edge, -start, -start + count)]
    number = _windows_along(count, edge, margin)
    starts = np.rint(np.linspace(0, count - edge, number)).astype(int)
    cuts = [0, *(int(a + edge + b) // 2 for a, b in itertools.pairwise(starts)), count]
    return [
        (int(s), edge, low - int(s), high - int(s))
        for s, (low, high) in zip(starts, itertools.pairwise(cuts), strict=True)
    ]


@torch.inference_mode()
def find(task: DetectTask, network: nn.Module, volume: Volume, report: Report = silent) -> list[Candidate]:
    """Candidates with the network's own certainty, best first."""
    scale = Scale.of(task.intensity, volume)
    found: list[Candidate] = []
    views = list(windows(task, volume.geometry))
    for done, window in enumerate(views, start=1):
        patch = scale.apply(window.grid.sample(volume))
        values = patch[..., 0] if task.dimension == 2 else patch
        for peak in peaks(network, values, window.core, task.grid.mirrored):
            r, a, s = (*peak.place, 0.0)[:3]
            size = peak.size * window.grid.step_mm
            found.append(Candidate(window.grid.to_ras((r, a, s)), size, peak.certainty, peak.lesion_class))
        report(Progress(done, len(views), f"window {done} of {len(views)}"))
    return merged(found)


@torch.inference_mode()
def peaks(
    network: nn.Module, patch: NDArray[np.float32], core: tuple[tuple[int, int], ...], mirrored: int = 0
) -> Iterator[Peak]:
    """The peaks of the heat maps of one window that lie in its core; of each class the surest first.

    ``mirrored``: the maps are the mean over the window and its mirror images along so many axes.
    """
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    views: list[list[int]] = [[], *([1 + axis] for axis in range(mirrored))]
    seen = torch.from_numpy(patch)[None].to(device)
    # One by one: as much memory as for the window alone.
    upright = torch.stack([forward(network, seen.flip(view)[None])[0].cpu().flip(view) for view in views])
    sizes = upright[:, -1].mean(dim=0)
    for lesion_class, heat in enumerate(torch.sigmoid(upright[:, :-1]).mean(dim=0)):
        yield from _of_class(heat, sizes, core, lesion_class)


def _of_class(heat: Tensor, sizes: Tensor, core: tuple[tuple[int, int], ...], lesion_class: int) -> Iterator[Peak]:
    pool = functional.max_pool2d if heat.ndim == 2 else functional.max_pool3d
    top = pool(heat[None, None], 3, stride=1, padding=1)[0, 0]
    places = ((heat >= top) & (heat > _FLOOR)).nonzero()
    strengths = heat[tuple(places.T)]
    for n in strengths.argsort(descending=True)[:_PEAKS].tolist():
        cell = tuple(int(x) for x in places[n])
        sample = tuple(CELL * x + (CELL - 1) / 2 for x in _refined(heat, cell))
        if all(low - 0.5 <= x < high - 0.5 for x, (low, high) in zip(sample, core, strict=False)):
            size = float(np.exp(np.clip(float(sizes[cell]), 0.0, 7.0)))
            yield Peak(sample, size, float(strengths[n]), lesion_class)


def _refined(heat: Tensor, cell: tuple[int, ...]) -> list[float]:
    """The centre of mass of the peak and its neighbours."""
    box = tuple(slice(max(x - 1, 0), x + 2) for x in cell)
    part = heat[box]
    axes = [torch.arange(s.start, s.start + n, dtype=torch.float32) for s, n in zip(box, part.shape, strict=True)]
    total = float(part.sum())
    return [
        float((part.sum(dim=[d for d in range(part.ndim) if d != axis]) * places).sum()) / total
        for axis, places in enumerate(axes)
    ]


def merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Of candidates of one class whose spheres contain each other's centres the best; best first."""
    ordered = sorted(candidates, key=lambda c: -c.confidence)
    points = np.array([c.point_mm for c in ordered], dtype=np.float64).reshape(-1, 3)
    sizes = np.array([c.size_mm for c in ordered])
    classes = np.array([c.lesion_class for c in ordered])
    free = np.ones(len(ordered), dtype=bool)
    kept: list[Candidate] = []
    for n, candidate in enumerate(ordered):
        if free[n]:
            kept.append(candidate)
            apart = np.linalg.norm(points - points[n], axis=1) > np.maximum(sizes, sizes[n]) / 2
            free &= apart | (classes != classes[n])
    return kept


def _three(values: Sequence[int]) -> tuple[int, int, int]:
    """Of a plane, one sample along S."""
    r, a, s = (*values, 1)[:3]
    return r, a, s

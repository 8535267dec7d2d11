"""From a volume to candidates: windows, peaks, and one candidate where several windows or peaks mean the same lesion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.intensities import Scale
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import forward
from lesionlab.networks.heatmap import CELL
from lesionlab.progress import Progress, Report

#: Peaks below this certainty of the network are not looked at.
_FLOOR = 0.02
_PEAKS = 60


@dataclass(frozen=True)
class Window:
    """One view of the image: its samples, and which of them (start and stop along each patch axis) are its own to answer for."""

    grid: PatchGrid
    core: tuple[tuple[int, int], ...]


def windows(task: DetectTask, geometry: Geometry) -> Iterator[Window]:
    """Windows whose cores cover the image once. Of a plane, patch axis S has one sample."""
    step, edge, margin = task.grid.step_of(geometry), task.grid.inference, task.grid.margin
    order, _ = geometry.canonical_axes()
    counts = [max(1, int(np.ceil(geometry.extent_mm[axis] / step))) for axis in order]
    if task.dimension == 2:
        counts[2] = 1
    middle = tuple((n - 1) / 2 for n in geometry.shape)
    whole = PatchGrid(geometry, geometry.index_to_ras((middle[0], middle[1], middle[2])), step, _three(counts))
    axes = [_pieces(count, edge, margin) if count > 1 else [(0, 1, 0, 1)] for count in counts]
    for pieces in itertools.product(*axes):
        place = tuple(start + (length - 1) / 2 for start, length, _, _ in pieces)
        center = whole.to_ras((place[0], place[1], place[2]))
        shape = _three([length for _, length, _, _ in pieces])
        core = tuple((low, high) for _, _, low, high in pieces)
        yield Window(PatchGrid(geometry, center, step, shape), core)


def _pieces(count: int, edge: int, margin: int) -> list[tuple[int, int, int, int]]:
    """Along one axis: start and length of each window, and the part of it that is its own."""
    if count <= edge:
        start = -((edge - count) // 2)
        return [(start, edge, -start, -start + count)]
    stride = edge - 2 * margin
    number = int(np.ceil((count - 2 * margin) / stride))
    starts = np.rint(np.linspace(0, count - edge, number)).astype(int)
    cuts = [0, *(int(a + edge + b) // 2 for a, b in itertools.pairwise(starts)), count]
    return [
        (int(s), edge, low - int(s), high - int(s))
        for s, (low, high) in zip(starts, itertools.pairwise(cuts), strict=True)
    ]


@torch.inference_mode()
def find(task: DetectTask, network: nn.Module, volume: Volume, report: Report | None = None) -> list[Candidate]:
    """Candidates with the network's own certainty, best first."""
    scale = Scale.of(task.intensity, volume)
    found: list[Candidate] = []
    views = list(windows(task, volume.geometry))
    for done, window in enumerate(views, start=1):
        patch = torch.from_numpy(scale.apply(window.grid.sample(volume)))[None, None]
        answer = forward(network, patch[..., 0] if task.dimension == 2 else patch)[0]
        found += _peaks(task, window, answer)
        if report is not None:
            report(Progress(done, len(views), f"window {done} of {len(views)}"))
    return merged(found)


def _peaks(task: DetectTask, window: Window, answer: Tensor) -> Iterator[Candidate]:
    heat = torch.sigmoid(answer[0])
    pool = functional.max_pool2d if task.dimension == 2 else functional.max_pool3d
    top = pool(heat[None, None], 3, stride=1, padding=1)[0, 0]
    places = ((heat >= top) & (heat > _FLOOR)).nonzero()
    strengths = heat[tuple(places.T)]
    for n in strengths.argsort(descending=True)[:_PEAKS].tolist():
        cell = tuple(int(x) for x in places[n])
        index = _refined(heat, cell)
        sample = tuple(CELL * x + (CELL - 1) / 2 for x in index)
        sample = (*sample, 0.0) if task.dimension == 2 else sample
        if not all(low - 0.5 <= x < high - 0.5 for x, (low, high) in zip(sample, window.core, strict=True)):
            continue
        size = float(np.exp(np.clip(float(answer[1][cell]), 0.0, 7.0))) * window.grid.step_mm
        yield Candidate(window.grid.to_ras((sample[0], sample[1], sample[2])), size, float(strengths[n]))


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


def merged(candidates: list[Candidate]) -> list[Candidate]:
    """The best of candidates whose spheres contain each other's centres; best first."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.confidence):
        if all(
            _apart(candidate.point_mm, other.point_mm) > max(candidate.size_mm, other.size_mm) / 2 for other in kept
        ):
            kept.append(candidate)
    return kept


def _apart(a: Point, b: Point) -> float:
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b)))


def _three(values: list[int]) -> tuple[int, int, int]:
    return values[0], values[1], values[2]

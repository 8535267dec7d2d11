"""A detector's candidates with their masks, however those are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.result import DetectResult
from lesionlab.kinds.kind import Json, Result
from lesionlab.progress import Progress, Report


@dataclass(frozen=True, eq=False)
class Shape:
    """One candidate's mask (uint8 0/1, a crop of the image's lattice) and its measurements."""

    mask: Volume
    diameter_mm: float
    volume_mm3: float
    certainty: float


@dataclass(frozen=True, eq=False)
class ShapedResult(Result):
    """Candidates and, in the same order, their shapes; the first has value 1 in ``label``, the second 2, and so on."""

    found: DetectResult
    shapes: tuple[Shape, ...]

    @property
    def label(self) -> Volume | None:
        """The masks in one crop of the lattice; where two overlap the better candidate's stays. None without candidates."""
        return joined([shape.mask for shape in self.shapes])

    @property
    def labels(self) -> dict[str, int]:
        """One name for each candidate."""
        return {f"candidate {value}": value for value in range(1, len(self.shapes) + 1)}

    @property
    def probability(self) -> Volume | None:
        """None."""
        return None

    def summary(self) -> Json:
        """The candidates, each with its value in the mask, and its measurements."""
        found = self.found.summary()
        for value, (candidate, shape) in enumerate(zip(found["candidates"], self.shapes, strict=True), start=1):
            candidate |= {
                "value": value,
                "diameter_mm": round(shape.diameter_mm, 2),
                "volume_mm3": round(shape.volume_mm3, 2),
                "certainty": round(shape.certainty, 4),
            }
        return found


def shaped(result: DetectResult, shape: Callable[[Point, float], Shape], report: Report) -> ShapedResult:
    """The candidates with their shapes.

    Args:
        result: the candidates.
        shape: the mask at a point (RAS mm) of about a size (mm).
        report: told after each candidate.
    """
    shapes = []
    count = len(result.candidates)
    for done, candidate in enumerate(result.candidates, start=1):
        shapes.append(shape(candidate.point_mm, candidate.size_mm))
        report(Progress(done, count, f"shape {done} of {count}"))
    return ShapedResult(result, tuple(shapes))


def joined(masks: Sequence[Volume]) -> Volume | None:
    """Masks (crops of one lattice) in the smallest crop that holds them all: the n-th has value n, the first ones lie on top."""
    if not masks:
        return None
    first = masks[0].geometry
    starts = [np.rint(first.ras_to_index(mask.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int) for mask in masks]
    low = np.min(starts, axis=0)
    high = np.max([start + mask.array.shape for start, mask in zip(starts, masks, strict=True)], axis=0)
    values = np.zeros(high - low, dtype=np.uint8)
    for value, (start, mask) in reversed(list(enumerate(zip(starts, masks, strict=True), start=1))):
        part = values[tuple(slice(s, s + n) for s, n in zip(start - low, mask.array.shape, strict=True))]
        part[mask.array > 0] = value
    affine = first.affine.copy()
    affine[:3, 3] = first.index_to_ras((float(low[0]), float(low[1]), float(low[2])))
    return Volume(values, Geometry(values.shape, affine))

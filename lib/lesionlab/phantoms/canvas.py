"""A lattice in patient space to paint simulated tissue on, and the shapes to paint with.

Arrays run (k, j, i): k upwards (S), j backwards (P), i to the patient's left (L), as a CT is stored. Coordinates are RAS mm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Geometry, Index, Point

Field = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Axes:
    """Coordinates of a lattice, mm, shaped to broadcast over (k, j, i)."""

    r: Field
    a: Field
    s: Field

    @classmethod
    def of(cls, center_mm: Point, shape: Index, spacing_mm: Point) -> Axes:
        """The lattice with ``shape`` and ``spacing_mm`` along (i, j, k) around ``center_mm``."""
        i, j, k = (
            (np.arange(n) - (n - 1) / 2).astype(np.float32) * np.float32(step)
            for n, step in zip(shape, spacing_mm, strict=True)
        )
        r, a, s = (np.float32(c) for c in center_mm)
        return cls((r - i)[None, None, :], (a - j)[None, :, None], (s + k)[:, None, None])

    @property
    def shape(self) -> Index:
        """Voxels along (k, j, i)."""
        return self.s.shape[0], self.a.shape[1], self.r.shape[2]

    def within(self, low: Point, high: Point) -> Box | None:
        """The box of voxels whose centres lie between two corners (RAS mm), or None when there is none."""
        i = _between(self.r[0, 0], low[0], high[0])
        j = _between(self.a[0, :, 0], low[1], high[1])
        k = _between(self.s[:, 0, 0], low[2], high[2])
        return None if i is None or j is None or k is None else (k, j, i)

    def part(self, box: Box) -> Axes:
        """The coordinates of a box of voxels."""
        k, j, i = box
        return Axes(self.r[:, :, i], self.a[:, j, :], self.s[k])

    def geometry(self) -> Geometry:
        """The lattice for an array in (i, j, k) order."""
        k, j, i = self.shape
        r, a, s = self.r[0, 0], self.a[0, :, 0], self.s[:, 0, 0]
        affine = np.eye(4)
        for axis, values in enumerate((r, a, s)):
            affine[axis, axis] = float(values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 1.0
            affine[axis, 3] = float(values[0])
        return Geometry((i, j, k), affine)


def _between(values: Field, low: float, high: float) -> slice | None:
    inside = np.flatnonzero((values >= low) & (values <= high))
    return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else None


@dataclass(frozen=True, eq=False)
class Coarse:
    """A coarse lattice that covers a fine one, for smooth fields that are dear to compute."""

    axes: Axes
    places: tuple[tuple[Field, int], ...] = field(repr=False)

    @classmethod
    def over(cls, fine: Axes, step_mm: Point) -> Coarse:
        """A lattice of about ``step_mm`` (along R, A, S), never finer than ``fine`` itself."""
        axes: list[Field] = []
        places: list[tuple[Field, int]] = []
        for values, step in zip((fine.r[0, 0], fine.a[0, :, 0], fine.s[:, 0, 0]), step_mm, strict=True):
            length = abs(float(values[-1] - values[0]))
            count = max(2, min(len(values), int(np.ceil(length / step)) + 1))
            axes.append(np.linspace(values[0], values[-1], count, dtype=np.float32))
            places.append((np.linspace(0, count - 1, len(values), dtype=np.float32), count))
        r, a, s = axes
        return cls(Axes(r[None, None, :], a[None, :, None], s[:, None, None]), tuple(reversed(places)))

    def upsample(self, values: Field, box: Box) -> Field:
        """``values`` (k, j, i) on the coarse lattice, linearly interpolated at a box of the fine one."""
        out = values
        # k first, j last: each step works on as little as it can, and rows stay contiguous.
        for axis in (0, 2, 1):
            at, count = self.places[axis]
            at = at[box[axis]]
            low = np.clip(at.astype(np.intp), 0, count - 2)
            weight = (at - low).reshape([-1 if n == axis else 1 for n in range(3)])
            below, above = out.take(low, axis), out.take(low + 1, axis)
            above -= below
            above *= weight
            out = above
            out += below
        return out


@dataclass(frozen=True)
class Ellipsoid:
    """A rotated ellipsoid: centre, half axes (mm) and a rotation whose rows are its own axes in RAS."""

    center_mm: Point
    half_mm: Point
    rotation: tuple[Point, Point, Point] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

    def bounds(self, margin_mm: float) -> tuple[Point, Point]:
        """Corners of a box that holds it."""
        reach = np.linalg.norm(np.asarray(self.rotation) * np.asarray(self.half_mm)[:, None], axis=0) + margin_mm
        center = np.asarray(self.center_mm)
        return _point(center - reach), _point(center + reach)

    def distance(self, axes: Axes) -> Field:
        """About the signed distance to its surface, mm, negative inside."""
        dr, da, ds = (x - np.float32(c) for x, c in zip((axes.r, axes.a, axes.s), self.center_mm, strict=True))
        total: Field | None = None
        for (x, y, z), half in zip(self.rotation, self.half_mm, strict=True):
            part = ((dr * x + da * y) + ds * z) / half
            total = part * part if total is None else total + part * part
        assert total is not None
        return np.asarray((np.sqrt(total) - 1) * min(self.half_mm))


@dataclass(frozen=True)
class Cone:
    """A round segment from one point to another whose radius changes evenly."""

    start_mm: Point
    end_mm: Point
    start_radius_mm: float
    end_radius_mm: float

    def bounds(self, margin_mm: float) -> tuple[Point, Point]:
        """Corners of a box that holds it."""
        reach = max(self.start_radius_mm, self.end_radius_mm) + margin_mm
        ends = list(zip(self.start_mm, self.end_mm, strict=True))
        r, a, s = (min(pair) - reach for pair in ends)
        r2, a2, s2 = (max(pair) + reach for pair in ends)
        return (r, a, s), (r2, a2, s2)

    def distance(self, axes: Axes) -> Field:
        """Signed distance to its surface, mm, negative inside."""
        r0, a0, s0 = self.start_mm
        vr, va, vs = (e - b for b, e in zip(self.start_mm, self.end_mm, strict=True))
        length2 = max(vr * vr + va * va + vs * vs, 1e-6)
        dr, da, ds = axes.r - np.float32(r0), axes.a - np.float32(a0), axes.s - np.float32(s0)
        along = dr * (vr / length2) + da * (va / length2) + ds * (vs / length2)
        np.clip(along, 0, 1, out=along)
        out = np.square(dr - along * vr)
        out += np.square(da - along * va)
        out += np.square(ds - along * vs)
        np.sqrt(out, out=out)
        out -= self.start_radius_mm + along * (self.end_radius_mm - self.start_radius_mm)
        return np.asarray(out)


Shape = Ellipsoid | Cone


def tube(points_mm: list[Point], radii_mm: list[float], steps: int = 6) -> list[Cone]:
    """A smooth curve through the points as short segments."""
    points = np.asarray(points_mm, dtype=float)
    at = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, (len(points) - 1) * steps + 1)
    curve = np.stack([_smooth(fine, at, column) for column in points.T], axis=1)
    radius = np.interp(fine, at, radii_mm)
    return [
        Cone(_point(p), _point(q), float(r), float(t))
        for p, q, r, t in zip(curve[:-1], curve[1:], radius[:-1], radius[1:], strict=True)
    ]


def _smooth(fine: NDArray[np.float64], at: NDArray[np.int_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(at, values)(fine)) if len(at) > 2 else np.interp(fine, at, values)


def _point(values: NDArray[np.float64]) -> Point:
    r, a, s = (float(v) for v in values)
    return r, a, s


@dataclass(frozen=True, eq=False)
class Canvas:
    """Values (k, j, i), float32, painted on in place."""

    axes: Axes
    hu: Field
    edge_mm: float

    def cover(self, distance: NDArray[np.floating]) -> Field:
        """How much of each voxel a shape covers, 0..1, from its signed distance."""
        return np.asarray(np.clip(0.5 - distance / self.edge_mm, 0, 1), dtype=np.float32)

    def replace(
        self, shape: Shape, hu: float | Callable[[Axes], Field], rough: Callable[[Axes], Field] | None = None
    ) -> None:
        """Paint over what is there. ``rough`` is added to the distance (mm) to make a surface uneven."""
        box = self.axes.within(*shape.bounds(self.edge_mm + (2 if rough else 0)))
        if box is None:
            return
        part = self.axes.part(box)
        distance = shape.distance(part)
        if rough is not None:
            distance = distance + rough(part)
        cover = self.cover(distance)
        value = hu(part) if callable(hu) else np.float32(hu)
        self.hu[box] += cover * (value - self.hu[box])

    def raise_to(self, shape: Cone, hu: float, base_hu: float) -> None:
        """Paint where that makes it denser, so that overlapping segments do not add up. Thin segments fade."""
        box = self.axes.within(*shape.bounds(self.edge_mm / 2))
        if box is None:
            return
        faint = min(1.0, (2 * max(shape.start_radius_mm, shape.end_radius_mm) / self.edge_mm) ** 2)
        painted = self.cover(shape.distance(self.axes.part(box))) * np.float32(faint * (hu - base_hu)) + np.float32(
            base_hu
        )
        np.maximum(self.hu[box], painted, out=self.hu[box])

    def hollow(self, shape: Cone, hu: float, wall_hu: float) -> None:
        """Paint where that makes it less dense: the lumen of an airway."""
        box = self.axes.within(*shape.bounds(self.edge_mm / 2))
        if box is None:
            return
        painted = self.cover(shape.distance(self.axes.part(box))) * np.float32(hu - wall_hu) + np.float32(wall_hu)
        covered = self.cover(shape.distance(self.axes.part(box))) > 0
        np.minimum(self.hu[box], np.where(covered, painted, np.float32(4000)), out=self.hu[box])

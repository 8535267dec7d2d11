"""From a weak label to what a network is trained towards, on the lattice of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.weak.dose import isodose
from lesionlab.weak.label import (
    Circle,
    Contours,
    Ellipsoid,
    Isodose,
    PointSize,
    Presence,
    RecistLine,
    Sphere,
    WeakLabel,
)
from lesionlab.weak.polygons import stacked
from lesionlab.weak.shapes import Region, disc, ellipsoid, share, sphere

#: Of the longest diameter: a sphere of the whole of it has 2.3 to 2.5 times the volume of a focal lesion.
MASK_FRACTION = 0.82
#: How far around it a mark in one plane tells that there is no lesion, as a share of the lesion's own reach.
_TOLD = 3.0


@dataclass(frozen=True, eq=False)
class Target:
    """What one label says about an image.

    Attributes:
        part: share of each voxel that lies in the lesion, float32 in [0, 1], a crop of the image's lattice; None when the
            label draws nothing on it.
        weight: how much a loss should trust the voxels of ``part``, in (0, 1].
        background: the same for all other voxels, which hold 0; 0 when the label says nothing about them.
        presence: 1 when the image shows disease, else 0.
    """

    part: Volume | None
    weight: float
    background: float
    presence: float


@dataclass(frozen=True, eq=False)
class ImageTarget:
    """What all labels of an image say: voxels in [0, 1] and their weights in [0, 1], float32 on the image's lattice."""

    voxels: Volume
    weight: Volume
    presence: float


def target(label: WeakLabel, lattice: Geometry, fraction: float = MASK_FRACTION) -> Target:
    """Put a label on the lattice of its image.

    Args:
        label: any weak label.
        lattice: of the image.
        fraction: of a longest diameter that a sphere, circle or line takes as the lesion's; fitted shapes (ellipsoids,
            contours, isodoses, lines with a short axis) keep their size.

    Raises:
        InputError: a shape lies outside the image, or an isodose cannot be read.
    """
    if isinstance(label, Presence):
        present = float(label.present)
        return Target(None, label.trust, 0.0 if label.present else label.trust, present)
    if isinstance(label, PointSize) and label.size_mm is None:
        return Target(_one_voxel(label.point_mm, lattice), label.trust, 0.0, 1.0)
    region = _region(label, lattice, fraction)
    part = share(region, lattice)
    if part is None or not part.array.any():
        raise InputError(
            f"a {type(label).__name__} does not lie in its image",
            got=f"centre {np.round(region.corners_mm.mean(axis=0), 1).tolist()} mm",
            expected=f"a place in image {label.image!r}" if label.image else "a place in the image",
            hint="was it drawn on another image, or written in LPS instead of RAS?",
        )
    # A mark in one plane of a volume says nothing about the other planes.
    return Target(part, label.trust, 0.0 if is_flat(label) and min(lattice.shape) > 1 else label.trust, 1.0)


def is_flat(label: WeakLabel) -> bool:
    """Whether a label was drawn in one plane."""
    return isinstance(label, Circle) or (isinstance(label, Ellipsoid) and len(label.half_axes_mm) == 2)


def flat_target(
    label: WeakLabel, lattice: Geometry, thickness_mm: float, fraction: float = MASK_FRACTION
) -> tuple[Volume, Volume]:
    """What a mark in one plane says about a layer of some thickness.

    Returns:
        The share of each voxel that lies in the lesion, and the share about which the mark says anything: in the layer, up to
        ``_TOLD`` times as far from the middle as the lesion reaches. Both float32 in [0, 1] on the lattice.

    Raises:
        InputError: the label was not drawn in one plane.
    """
    if isinstance(label, Circle):
        half_axes = across(label.normal) * (label.diameter_mm * fraction / 2)
    elif isinstance(label, Ellipsoid) and len(label.half_axes_mm) == 2:
        half_axes = np.asarray(label.half_axes_mm, dtype=float)
    else:
        raise InputError("a label was not drawn in one plane", got=type(label).__name__, expected="a circle or ellipse")
    found = []
    for reach in (1.0, _TOLD):
        part = share(disc(label.center_mm, half_axes * reach, thickness_mm), lattice)
        whole = Volume.zeros(lattice, np.float32)
        found.append(whole if part is None else whole.paste(part))
    return found[0], found[1]


def image_target(labels: Sequence[WeakLabel], lattice: Geometry, fraction: float = MASK_FRACTION) -> ImageTarget:
    """All labels of an image together: where they overlap the larger share counts; the rest is background.

    Raises:
        InputError: there is no label, one lies outside the image, or they disagree whether there is disease.
    """
    if not labels:
        raise InputError("an image without a label has no target", expected="at least one weak label")
    targets = [target(label, lattice, fraction) for label in labels]
    presence = {one.presence for one in targets}
    if len(presence) > 1:
        raise InputError(
            "labels of one image disagree whether there is disease",
            got=", ".join(f"{type(label).__name__} of {label.reader or 'nobody'}" for label in labels),
            expected="all with disease, or all without",
        )
    drawn = [one for one in targets if one.part is not None]
    # Presence says nothing about voxels, and does not take away what the other labels say of the background.
    told = [one.background for one in (drawn or targets)]
    voxels = np.zeros(lattice.shape, dtype=np.float32)
    weight = np.full(lattice.shape, min(told), dtype=np.float32)
    for one in drawn:
        assert one.part is not None
        box = _box(one.part, lattice)
        known = one.part.array >= voxels[box]
        if one.background == 0.0:
            known &= one.part.array > 0
        voxels[box] = np.maximum(voxels[box], one.part.array)
        weight[box] = np.where(known, one.weight, weight[box])
    return ImageTarget(Volume(voxels, lattice), Volume(weight, lattice), presence.pop())


def _region(
    label: PointSize | Sphere | Ellipsoid | Circle | RecistLine | Isodose | Contours, lattice: Geometry, fraction: float
) -> Region:
    match label:
        case PointSize(point_mm=point, size_mm=size):
            assert size is not None
            return sphere(point, size * fraction)
        case Sphere(center_mm=center, diameter_mm=diameter):
            return sphere(center, diameter * fraction)
        case Ellipsoid(center_mm=center, half_axes_mm=axes) if len(axes) == 3:
            return ellipsoid(center, np.asarray(axes, dtype=float))
        case Ellipsoid(center_mm=center, half_axes_mm=axes):
            half_axes = np.asarray(axes, dtype=float)
            return disc(center, half_axes, _thickness_mm(np.cross(half_axes[0], half_axes[1]), lattice))
        case Circle(center_mm=center, normal=normal, diameter_mm=diameter):
            half_axes = across(normal) * (diameter * fraction / 2)
            return disc(center, half_axes, _thickness_mm(np.asarray(normal), lattice))
        case RecistLine():
            return _line(label, fraction)
        case Isodose():
            return isodose(label)
        case Contours(contours_mm=contours):
            first = np.asarray(contours[0], dtype=float)
            normal = np.cross(first - first[0], np.roll(first, -1, axis=0) - first[0]).sum(axis=0)
            return stacked(contours, _thickness_mm(normal, lattice))
        case _:
            assert_never(label)


def across(normal: Point) -> FloatArray:
    """Two unit vectors (rows) at right angles to a unit vector and to each other."""
    away = np.asarray(normal, dtype=float)
    first = np.cross(away, np.eye(3)[int(np.abs(away).argmin())])
    first /= np.linalg.norm(first)
    return np.array([first, np.cross(away, first)])


def _line(label: RecistLine, fraction: float) -> Region:
    start, end = np.asarray(label.start_mm), np.asarray(label.end_mm)
    middle = (start + end) / 2
    center = (float(middle[0]), float(middle[1]), float(middle[2]))
    if label.short_mm is None:
        return sphere(center, label.length_mm * fraction)
    # Through the plane a lesion is about as thick as its short axis.
    long = (end - start) / label.length_mm
    u, v = across((float(long[0]), float(long[1]), float(long[2])))
    short = math.dist(*label.short_mm)
    return ellipsoid(center, np.array([long * label.length_mm, u * short, v * short]) / 2)


def _thickness_mm(normal: FloatArray, lattice: Geometry) -> float:
    """How thick one layer of voxels is along a normal, measured across the lattice axis that runs closest to it."""
    unit = normal / np.linalg.norm(normal)
    # Rows of the inverse are the gradients of the indices: one over their length is the distance of layers.
    gradients = lattice.inverse[:3, :3]
    spacing = 1 / np.linalg.norm(gradients, axis=1)
    axis = int(np.abs((gradients * spacing[:, None]) @ unit).argmax())
    return float(spacing[axis])


def _one_voxel(point_mm: Point, lattice: Geometry) -> Volume:
    if not lattice.contains(point_mm):
        raise InputError(
            "a point does not lie in its image",
            got=f"{tuple(round(x, 1) for x in point_mm)} mm",
            expected="a place in the image",
            hint="was it written in LPS instead of RAS?",
        )
    index = np.clip(np.rint(lattice.ras_to_index(point_mm)), 0, np.asarray(lattice.shape) - 1).astype(int)
    i, j, k = (int(n) for n in index)
    return Volume(np.ones((1, 1, 1), dtype=np.float32), lattice.crop((i, j, k), (1, 1, 1)))


def _box(part: Volume, lattice: Geometry) -> tuple[slice, slice, slice]:
    start = np.rint(lattice.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
    i, j, k = (slice(int(a), int(a) + n) for a, n in zip(start, part.array.shape, strict=True))
    return i, j, k

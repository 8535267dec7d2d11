"""A simulated chest CT with nodules whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.deepest import deepest_point
from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Cone, Field
from lesionlab.phantoms.chest_body import Build, Fields, chest_fields
from lesionlab.phantoms.chest_nodules import NODULES, Nodule, paint_nodule, place
from lesionlab.phantoms.chest_tissue import paint_body, paint_organs, paint_trees
from lesionlab.phantoms.chest_trees import Trees, grow_trees
from lesionlab.phantoms.lattice import check_lattice
from lesionlab.phantoms.slabs import CtSettings, in_slabs
from lesionlab.phantoms.truths import mark_largest

#: The whole chest, coarsely: where trees grow and nodules are placed, whatever part of it is then imaged.
_PLAN_MM = 5.0


@dataclass(frozen=True, kw_only=True)
class ChestSettings(CtSettings):
    """What to simulate.

    Attributes:
        center_mm: the middle of the image, RAS mm; (0, 0, 0) is the middle of the chest.
        nodules: what to put in; what finds no room in the image is left out.
        leaves: ends of lung arteries, for how fine the vessels get.
    """

    shape: Index = (512, 512, 200)
    spacing_mm: Point = (0.7, 0.7, 1.5)
    center_mm: Point = (0.0, -14.0, 0.0)
    nodules: tuple[Nodule, ...] = NODULES
    leaves: int = 5000


@dataclass(frozen=True)
class ChestLesion:
    """One nodule as it came out: ``value`` in the truth, the deepest point, longest axial diameter, volume, its kind."""

    value: int
    point_mm: Point
    diameter_mm: float
    volume_mm3: float
    nodule: Nodule


@dataclass(frozen=True, eq=False)
class ChestPhantom:
    """Image (int16, HU), truth (uint8, one value for each nodule) on the same lattice, and the nodules."""

    image: Volume
    truth: Volume
    lesions: tuple[ChestLesion, ...]

    def mask(self, lesion: ChestLesion) -> Volume:
        """One nodule's truth, uint8 0/1, on the whole lattice."""
        return Volume((self.truth.array == lesion.value).astype(np.uint8), self.truth.geometry)


def simulate_chest(rng: np.random.Generator, settings: ChestSettings | None = None) -> ChestPhantom:
    """Simulate one patient and scan.

    Raises:
        InputError: when the settings make no image.
    """
    settings = settings or ChestSettings()
    check_lattice(settings.shape, settings.spacing_mm)
    if settings.slabs > 1:
        thin = simulate_chest(rng, settings.thin())
        return replace(thin, image=in_slabs(thin.image, settings.slabs), truth=in_slabs(thin.truth, settings.slabs))
    patient, vessels, sites, shapes, noise = rng.spawn(5)
    build = Build.draw(patient)
    axes = Axes.of(settings.center_mm, settings.shape, settings.spacing_mm)
    plan_axes = Axes.of((0, 0, 0), (75, 55, 61), (_PLAN_MM, _PLAN_MM, _PLAN_MM))
    plan = chest_fields(build, plan_axes)
    trees = grow_trees(plan, plan_axes, settings.leaves, vessels)
    centers = _centers(settings, axes, plan, plan_axes, trees, sites)

    coarse = Coarse.over(axes, (2.0, 2.0, 3.0))
    fields = chest_fields(build, coarse.axes)
    canvas = Canvas(axes, np.full(axes.shape, -1000, dtype=np.float32), edge_mm=max(1.0, settings.spacing_mm[0] * 1.2))
    paint_body(canvas, coarse, fields, _grain(coarse.axes.shape, patient))
    paint_trees(canvas, trees)
    paint_organs(canvas)
    truth = np.zeros(axes.shape, dtype=np.uint8)
    for value, (nodule, center) in enumerate(zip(settings.nodules, centers, strict=True), start=1):
        painted = None if center is None else paint_nodule(canvas, coarse, fields.lung, nodule, center, shapes)
        if painted is not None:
            box, cover = painted
            mark_largest(truth, value, box, cover >= 0.5)
    hu = settings.scanner.scan(canvas.hu, settings.spacing_mm, noise)
    return _phantom(hu, truth, axes, settings)


def _centers(
    settings: ChestSettings, axes: Axes, plan: Fields, plan_axes: Axes, trees: Trees, rng: np.random.Generator
) -> list[Point | None]:
    """Where the nodules go, whole in the image; None for those that find no room."""
    taken: list[Cone] = []
    return [place(n, _in_view(plan, plan_axes, axes, n), plan_axes, trees, taken, rng) for n in settings.nodules]


def _in_view(plan: Fields, plan_axes: Axes, axes: Axes, nodule: Nodule) -> Fields:
    """The plan with lung only where the nodule would lie wholly in the image."""
    margin = nodule.size_mm / 2 + 3
    outside = np.zeros(plan_axes.shape, dtype=bool)
    for mine, wide in ((axes.r, plan_axes.r), (axes.a, plan_axes.a), (axes.s, plan_axes.s)):
        center, half = (float(mine.max()) + float(mine.min())) / 2, (float(mine.max()) - float(mine.min())) / 2
        outside |= np.abs(wide - center) > half - margin
    return replace(plan, lung=np.where(outside, np.float32(1e3), plan.lung))


def _grain(shape: Index, rng: np.random.Generator) -> tuple[Field, Field]:
    """Fine and soft noise of unit spread."""
    from scipy.ndimage import gaussian_filter

    fields = []
    for sigma in (0.7, 2.5):
        noise = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, truncate=3, mode="wrap")
        fields.append(noise / max(float(noise.std()), 1e-6))
    return fields[0], fields[1]


def _phantom(hu: Field, truth: NDArray[np.uint8], axes: Axes, settings: ChestSettings) -> ChestPhantom:
    from scipy.ndimage import find_objects

    geometry = axes.geometry()
    np.clip(np.rint(hu, out=hu), -1024, 3071, out=hu)
    # Transposed views of (k, j, i) memory: the order in which files store a volume.
    image = Volume(hu.astype(np.int16).transpose(2, 1, 0), geometry)
    labels = Volume(truth.transpose(2, 1, 0), geometry)
    lesions = []
    for value, box in enumerate(find_objects(labels.array), start=1):
        if box is not None:
            start = tuple(side.start for side in box)
            shape = tuple(side.stop - side.start for side in box)
            crop = labels.crop(start, shape)
            mask = Volume((crop.array == value).astype(np.uint8), crop.geometry)
            lesions.append(_lesion(value, mask, settings.nodules[value - 1]))
    return ChestPhantom(image, labels, tuple(lesions))


def _lesion(value: int, mask: Volume, nodule: Nodule) -> ChestLesion:
    volume_mm3 = float(mask.array.sum()) * mask.geometry.voxel_volume_mm3
    step_i, step_j, _ = mask.geometry.spacing_mm
    diameter_mm = longest_diameter_mm(np.moveaxis(mask.array, 2, 0) > 0, (step_i, step_j))
    return ChestLesion(value, deepest_point(mask), diameter_mm, volume_mm3, nodule)

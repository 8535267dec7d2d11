"""A simulated chest CT of a dead body, on the anatomy of the simulated chest: drowned, or dead of the heart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Cone, Field
from lesionlab.phantoms.chest_body import Build, Fields, chest_fields
from lesionlab.phantoms.chest_organs import airways, clavicles, heart, vessels
from lesionlab.phantoms.chest_tissue import LUNG_HU, paint_body
from lesionlab.phantoms.chest_trees import Trees, grow_trees
from lesionlab.phantoms.lattice import check_lattice
from lesionlab.phantoms.postmortem_lungs import Fluid, draw_fluid, flood
from lesionlab.phantoms.scanner import Scanner
from lesionlab.phantoms.slabs import CtSettings, in_slabs

_PLAN_MM = 5.0
#: The oesophagus is listed among the vessels and known by its density.
_GULLET_HU = 48.0


@dataclass(frozen=True, kw_only=True)
class PostmortemSettings(CtSettings):
    """What to simulate; ``leaves``: ends of lung arteries."""

    shape: Index = (256, 256, 48)
    spacing_mm: Point = (1.4, 1.4, 5.0)
    leaves: int = 500
    scanner: Scanner = field(default_factory=lambda: Scanner(noise_hu=14.0, blur_mm=0.6, slab_mm=5.0))


@dataclass(frozen=True, eq=False)
class PostmortemPhantom:
    """Image (int16, HU) and region (uint8 0/1): the lung that water has changed, as a reader outlines it, and water in the
    airways, which speak for drowning; empty without.
    """

    image: Volume
    region: Volume
    drowned: bool
    fluid: Fluid


def simulate_postmortem(
    rng: np.random.Generator, drowned: bool, settings: PostmortemSettings | None = None
) -> PostmortemPhantom:
    """One body and scan.

    Raises:
        InputError: when the settings make no image.
    """
    settings = settings or PostmortemSettings()
    check_lattice(settings.shape, settings.spacing_mm)
    if settings.slabs > 1:
        thin = simulate_postmortem(rng, drowned, settings.thin())
        return replace(thin, image=in_slabs(thin.image, settings.slabs), region=in_slabs(thin.region, settings.slabs))
    patient, blood, water, throat, noise = rng.spawn(5)
    build = Build.draw(patient)
    axes = Axes.of((0.0, -14.0, float(patient.uniform(-6, 6))), settings.shape, settings.spacing_mm)
    coarse = Coarse.over(axes, (2.4, 2.4, 5.0))
    fields = chest_fields(build, coarse.axes)
    canvas = Canvas(axes, np.full(axes.shape, -1000, dtype=np.float32), edge_mm=settings.spacing_mm[0] * 1.2)
    paint_body(canvas, coarse, fields, _grain(coarse.axes.shape, patient))
    wide = float(blood.uniform(0.95, 1.25) if drowned else blood.uniform(0.98, 1.3))
    _paint_trees(canvas, _trees(build, settings.leaves, blood), wide)
    fluid = draw_fluid(water, drowned)
    decisive = flood(canvas, coarse, fields, fluid, water)
    decisive &= ~_paint_effusion(canvas, coarse, fields, patient)
    _paint_organs(canvas, blood)
    wet = _paint_airways(canvas, drowned, throat)
    hu = settings.scanner.scan(canvas.hu, settings.spacing_mm, noise)
    image = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    region = (decisive | wet) if drowned else np.zeros(axes.shape, dtype=bool)
    geometry = axes.geometry()
    return PostmortemPhantom(
        Volume(image.transpose(2, 1, 0), geometry),
        Volume(region.astype(np.uint8).transpose(2, 1, 0), geometry),
        drowned,
        fluid,
    )


def _grain(shape: Index, rng: np.random.Generator) -> tuple[Field, Field]:
    """Fine and soft noise of unit spread."""
    from scipy.ndimage import gaussian_filter

    fine, soft = (gaussian_filter(rng.standard_normal(shape, dtype=np.float32), s, truncate=3) for s in (0.6, 1.6))
    return fine / fine.std(), soft / soft.std()


def _trees(build: Build, leaves: int, rng: np.random.Generator) -> Trees:
    axes = Axes.of((0, 0, 0), (75, 55, 61), (_PLAN_MM, _PLAN_MM, _PLAN_MM))
    return grow_trees(chest_fields(build, axes), axes, leaves, rng)


def _paint_trees(canvas: Canvas, trees: Trees, wide: float) -> None:
    """Vessels, ``wide`` times as wide as usual, and the walls and lumens of bronchi; no contrast medium."""
    for vessel in trees.vessels:
        radii = (vessel.start_radius_mm * wide, vessel.end_radius_mm * wide)
        canvas.raise_to(Cone(vessel.start_mm, vessel.end_mm, *radii), 52.0, LUNG_HU)
    for lumen in trees.bronchi:
        thick = 0.55 + 0.12 * lumen.start_radius_mm
        wall = Cone(lumen.start_mm, lumen.end_mm, lumen.start_radius_mm + thick, lumen.end_radius_mm + thick)
        canvas.raise_to(wall, -20.0, LUNG_HU)
    for lumen in trees.bronchi:
        canvas.hollow(lumen, -990.0, -20.0)


def _paint_effusion(canvas: Canvas, coarse: Coarse, fields: Fields, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Fluid behind the lungs, in a third of the bodies whatever they died of. Returns where it is."""
    if rng.random() > 0.35:
        return np.zeros(canvas.hu.shape, dtype=bool)
    tops = {1: float(rng.uniform(-92, -66)), -1: float(rng.uniform(-92, -66))}
    box = (slice(None), slice(None), slice(None))
    top = np.where(canvas.axes.r > 0, tops[1], tops[-1]) - 0.03 * (canvas.axes.s + 40)
    lung = coarse.upsample(fields.lung, box)
    cover = canvas.cover(lung) * canvas.cover(canvas.axes.a - top)
    canvas.hu[...] += cover * (np.float32(rng.uniform(8, 30)) - canvas.hu)
    return np.asarray(cover > 0.5)


def _paint_organs(canvas: Canvas, rng: np.random.Generator) -> None:
    """Heart and great vessels, in which blood has settled: denser below (at the back) than above."""
    settled = float(rng.uniform(0, 16))

    def blood(middle: float) -> Callable[[Axes], Field]:
        def hu(part: Axes) -> Field:
            below = 1 / (1 + np.exp(np.clip((part.a - middle) / 1.5, -30, 30)))
            return np.asarray(38 + settled * (below - 0.3) + 0 * part.r + 0 * part.s, dtype=np.float32)

        return hu

    (wall, _), *chambers = heart()
    canvas.replace(wall, 46.0)
    for chamber, _ in chambers:
        low, high = chamber.bounds(0.0)
        canvas.replace(chamber, blood((low[1] + high[1]) / 2))
    for vessel, hu in vessels():
        canvas.replace(vessel, 40.0 if hu == _GULLET_HU else blood((vessel.start_mm[1] + vessel.end_mm[1]) / 2))
    for bone in clavicles():
        canvas.replace(bone, 520.0)
        canvas.replace(Cone(bone.start_mm, bone.end_mm, bone.start_radius_mm - 1.6, bone.end_radius_mm - 1.6), 180.0)


def _paint_airways(canvas: Canvas, drowned: bool, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Trachea and main bronchi with fluid or froth at the bottom, a tube in some; returns where the fluid is."""
    wet = np.zeros(canvas.hu.shape, dtype=bool)
    filled = float(rng.uniform(-0.5, 1.0)) if drowned and rng.random() < 0.8 else float(rng.uniform(-1.3, -0.45))
    water = float(rng.uniform(-250, 30))
    for lumen in airways():
        wall = Cone(lumen.start_mm, lumen.end_mm, lumen.start_radius_mm + 1.6, lumen.end_radius_mm + 1.6)
        canvas.replace(wall, 45.0)
    for lumen in airways():
        middle = (lumen.start_mm[1] + lumen.end_mm[1]) / 2 + filled * lumen.start_radius_mm

        def content(part: Axes, level: float = middle) -> Field:
            below = np.clip(0.5 - (part.a - level) / 1.4, 0, 1)
            return np.asarray(-990 + (water + 990) * below + 0 * part.r + 0 * part.s, dtype=np.float32)

        canvas.replace(lumen, content)
        box = canvas.axes.within(*lumen.bounds(0.0))
        if box is not None:
            part = canvas.axes.part(box)
            wet[box] |= (lumen.distance(part) < 0) & (part.a < middle)
    if rng.random() < 0.3:
        _paint_tube(canvas, float(rng.uniform(40, 75)))
    return wet


def _paint_tube(canvas: Canvas, end_s: float) -> None:
    """An endotracheal tube, left in after resuscitation."""
    tube = Cone((1.0, -7.0, 170.0), (0.0, -14.0, end_s), 5.2, 5.2)
    canvas.replace(tube, 180.0)
    canvas.replace(replace(tube, start_radius_mm=3.6, end_radius_mm=3.6), -990.0)

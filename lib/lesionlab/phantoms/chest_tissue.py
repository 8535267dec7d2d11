"""Density of every tissue of a simulated chest, HU, painted from the body's fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionlab.phantoms.canvas import Axes, Canvas, Coarse, Field
from lesionlab.phantoms.chest_body import Fields
from lesionlab.phantoms.chest_organs import airways, clavicles, heart, upper_belly, vessels
from lesionlab.phantoms.chest_trees import Trees

LUNG_HU = -868.0
#: Lungs are denser at the back, HU per mm towards the front.
LUNG_GRADIENT = np.float32(-0.55)
_FAT, _MUSCLE, _SKIN = -102.0, 58.0, 25.0
_SLAB = 8


def paint_body(canvas: Canvas, coarse: Coarse, fields: Fields, grain: tuple[Field, Field]) -> None:
    """Everything that the smooth fields define, in slabs of slices. ``grain``: fine and soft noise on the coarse lattice."""
    count = canvas.hu.shape[0]
    for low in range(0, count, _SLAB):
        box = (slice(low, min(low + _SLAB, count)), slice(None), slice(None))
        _paint_slab(canvas, box, coarse, fields, grain)


def _paint_slab(
    canvas: Canvas, box: tuple[slice, slice, slice], coarse: Coarse, fields: Fields, grain: tuple[Field, Field]
) -> None:
    def at(values: Field) -> Field:
        return coarse.upsample(values, box)

    def over(distance: NDArray[np.floating], value: NDArray[np.floating] | float) -> None:
        hu[...] += canvas.cover(distance) * (value - hu)

    hu = canvas.hu[box]
    part = canvas.axes.part(box)
    fine, soft = at(grain[0]), at(grain[1])
    body, muscle, cavity, abdomen, bone = (
        at(f) for f in (fields.body, fields.muscle, fields.cavity, fields.abdomen, fields.bone)
    )
    over(_couch(part), -120.0)
    over(body, _SKIN)
    over(body + 1.8, _FAT + 9 * fine)
    # Muscle is marbled; a sheet of fat parts the outer muscles from the ribs.
    over(muscle + 1.2 * soft, _MUSCLE + 7 * soft - 75 * np.clip(fine - 1.3, 0, 1.5))
    over(np.abs(cavity - 12.0 - soft) - (0.7 + 0.5 * soft), _FAT)
    over(cavity + 0.2, _FAT + 8 * fine)
    below = np.maximum(cavity + 1.5, abdomen)
    over(below, 48.0)
    over(below + 3.0, _FAT + 8 * fine)
    for shape, value in upper_belly():
        over(np.maximum(shape.distance(part), below + 3.5) + 0.8 * soft, value + (6 * fine if value > -500 else 0))
    over(at(fields.cartilage), 105.0 + 20 * soft)
    over(bone, 620.0 + 90 * soft)
    over(bone + 1.5, 190.0 + 55 * fine + 35 * soft)
    _spine(hu, canvas, part, fine)
    lung = at(fields.lung)
    gravity = LUNG_GRADIENT * (part.a + 4)
    air = LUNG_HU + gravity + 17 * soft + 13 * fine + 150 * np.exp(-((at(fields.fissure) / 0.6) ** 2))
    over(lung, air)
    over(np.abs(lung) - 0.3, 20.0)


def _couch(part: Axes) -> Field:
    """The table's curved shell under the back."""
    bow = part.a + 141 - (part.r / 210) ** 2 * 28
    return np.asarray(np.minimum(np.abs(bow) - 0.8, np.abs(bow + 16) - 0.8) + 0 * part.s, dtype=np.float32)


def _spine(hu: Field, canvas: Canvas, part: Axes, fine: Field) -> None:
    """Vertebrae, discs, canal and processes."""
    box = part.within((-46, -130, -1e3), (46, -42, 1e3))
    if box is None:
        return
    here, values, grain = part.part(box), hu[box], fine[box]
    r, a = here.r, here.a + 66
    phase = np.mod(here.s + 7, 23.0) - 11.5  # 0 in the middle of a vertebra
    waist = 1 - 0.10 * np.cos(phase / 11.5 * np.pi)
    body = np.maximum((np.sqrt((r / (17.5 * waist)) ** 2 + (a / (13.5 * waist)) ** 2) - 1) * 13.5, np.abs(phase) - 9.3)
    disc = np.maximum((np.sqrt((r / 18) ** 2 + (a / 14) ** 2) - 1) * 14, 9.3 - np.abs(phase))
    canal = (np.sqrt((r / 9.5) ** 2 + ((a + 21.5) / 8) ** 2) - 1) * 8 + 0 * phase
    arch = np.maximum(canal - 4.5, np.abs(phase + 1) - 8)
    tip = np.mod(here.s + 7 - (a + 24) * 0.7 + 5, 23.0) - 11.5  # processes slope down and back
    arch = np.minimum(arch, np.maximum(np.maximum(np.abs(r) - 2.6, np.abs(a + 35) - 9), np.abs(tip) - 5.5))
    wing = np.maximum(np.abs(np.abs(r) - 22) - 12, np.abs(a + 24 + np.abs(r) * 0.35) - 4.2)
    arch = np.minimum(arch, np.maximum(wing, np.abs(phase - 1) - 6))

    def over(distance: NDArray[np.floating], value: NDArray[np.floating] | float) -> None:
        values[...] += canvas.cover(distance) * (value - values)

    over(disc, 92.0 + 5 * grain)
    bone = np.minimum(body, arch)
    over(bone, 560.0)
    over(bone + 1.3, 205.0 + 45 * grain)
    over(canal, -60.0)
    over(canal + 2.2, 32.0 + 3 * grain)


def paint_organs(canvas: Canvas) -> None:
    """Heart, great vessels and airways, over everything."""

    def rough(part: Axes) -> Field:
        return np.asarray(np.sin(part.r / 7) * np.sin(part.a / 8) * np.sin(part.s / 9), dtype=np.float32)

    for shape, hu in heart():
        canvas.replace(shape, hu, rough)
    for vessel, hu in vessels():
        canvas.replace(vessel, hu)
    for bone in clavicles():
        canvas.replace(bone, 520.0)
    for bone in clavicles():
        canvas.replace(
            type(bone)(bone.start_mm, bone.end_mm, bone.start_radius_mm - 1.6, bone.end_radius_mm - 1.6), 180.0
        )
    for lumen in airways():
        wall = type(lumen)(lumen.start_mm, lumen.end_mm, lumen.start_radius_mm + 1.6, lumen.end_radius_mm + 1.6)
        canvas.replace(wall, 55.0)
    for lumen in airways():
        canvas.replace(lumen, -990.0)


def paint_trees(canvas: Canvas, trees: Trees) -> None:
    """Vessels, then bronchi with their walls, in the lungs."""
    for vessel in trees.vessels:
        canvas.raise_to(vessel, 120.0, LUNG_HU)
    for lumen in trees.bronchi:
        thick = 0.55 + 0.12 * lumen.start_radius_mm
        wall = type(lumen)(lumen.start_mm, lumen.end_mm, lumen.start_radius_mm + thick, lumen.end_radius_mm + thick)
        canvas.raise_to(wall, -20.0, LUNG_HU)
    for lumen in trees.bronchi:
        canvas.hollow(lumen, -990.0, -20.0)

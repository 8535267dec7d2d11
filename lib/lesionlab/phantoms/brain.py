"""A simulated contrast-enhanced T1 MR of the head with metastases whose truth and radiosurgery plan are known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.brain_dose import plan_shots, sum_dose
from lesionlab.phantoms.brain_enhancing import paint_enhancing
from lesionlab.phantoms.brain_metastases import Metastasis, paint_metastasis, place_metastasis
from lesionlab.phantoms.brain_tissue import Head, Levels, paint_brain
from lesionlab.phantoms.canvas import Axes, Box, Canvas, Field
from lesionlab.phantoms.lattice import check_lattice, thin_slices
from lesionlab.phantoms.magnet import coil, magnitude, stored
from lesionlab.phantoms.slabs import in_slabs
from lesionlab.phantoms.truths import extents, mark_largest

#: Grey levels of enhancing blood.
_BLOOD = 800.0
#: The dose grid of a plan, mm.
DOSE_STEP_MM = 2.0


@dataclass(frozen=True)
class Sequence:
    """How the head is taken.

    Attributes:
        noise: standard deviation in each channel, as a share of blood's signal.
        blur_mm: in the slice, standard deviation.
        shading: how much the coil's sensitivity varies.
        uptake: of contrast medium, against the usual.
    """

    noise: float = 0.03
    blur_mm: float = 0.45
    shading: float = 0.2
    uptake: float = 1.0
    levels: Levels = field(default_factory=Levels)


@dataclass(frozen=True)
class HeadSettings:
    """What to simulate: voxels along (i, j, k) to the left, backwards and upwards, their spacing, and what is in it.

    Each slice is the mean of ``slabs`` thin ones (:func:`lesionlab.phantoms.slabs.in_slabs`).
    """

    shape: Index = (152, 180, 116)
    spacing_mm: Point = (1.2, 1.2, 1.2)
    metastases: tuple[Metastasis, ...] = ()
    sequence: Sequence = field(default_factory=Sequence)
    prescription_gy: float = 20.0
    slabs: int = 1

    def thin(self) -> HeadSettings:
        """The thin slices whose means these are, with the noise that leaves the means the sequence's."""
        shape, spacing_mm = thin_slices(self.shape, self.spacing_mm, self.slabs)
        sequence = replace(self.sequence, noise=self.sequence.noise * self.slabs**0.5)
        return replace(self, shape=shape, spacing_mm=spacing_mm, sequence=sequence, slabs=1)


@dataclass(frozen=True)
class FoundMetastasis:
    """One as it came out: value in the truth, centre of mass, longest axial diameter, volume, and what was asked for."""

    value: int
    point_mm: Point
    diameter_mm: float
    volume_mm3: float
    metastasis: Metastasis


@dataclass(frozen=True, eq=False)
class HeadPhantom:
    """Image (int16), truth (uint8, one value for each metastasis), dose in Gy (float32, its own lattice), and the metastases."""

    image: Volume
    truth: Volume
    dose: Volume
    lesions: tuple[FoundMetastasis, ...]


def simulate_head(rng: np.random.Generator, settings: HeadSettings | None = None) -> HeadPhantom:
    """Simulate one patient, scan and plan; metastases that find no room are left out.

    Raises:
        InputError: when the settings make no image.
    """
    settings = settings or HeadSettings()
    check_lattice(settings.shape, settings.spacing_mm)
    if settings.slabs > 1:
        thin = simulate_head(rng, settings.thin())
        return replace(thin, image=in_slabs(thin.image, settings.slabs), truth=in_slabs(thin.truth, settings.slabs))
    shape, tissue, enhancing, sites, plan, scan = rng.spawn(6)
    axes = Axes.of((0.0, -6.0, 18.0), settings.shape, settings.spacing_mm)
    canvas = Canvas(axes, np.full(axes.shape, 0.003, dtype=np.float32), max(0.8, settings.spacing_mm[0]))
    levels = settings.sequence.levels
    head = Head.draw(canvas, shape)
    brain = paint_brain(head, levels, tissue)
    paint_enhancing(head, levels, enhancing)
    truth = np.zeros(axes.shape, dtype=np.uint8)
    taken: list[tuple[Point, float]] = []
    for value, metastasis in enumerate(settings.metastases, start=1):
        center = place_metastasis(sites, brain, axes, metastasis, taken)
        each = sites.spawn(1)[0]
        seen = _taken_up(metastasis, settings.sequence.uptake)
        painted = None if center is None else paint_metastasis(canvas, seen, center, levels, each)
        if painted is not None:
            mark_largest(truth, value, *painted)
    dose = _dose(plan, axes, truth, settings)
    return _phantom(_scan(canvas.hu, axes, settings, scan), truth, dose, axes, settings)


def _taken_up(metastasis: Metastasis, uptake: float) -> Metastasis:
    return replace(metastasis, signal=0.4 + (metastasis.signal - 0.4) * uptake)


def _dose(rng: np.random.Generator, axes: Axes, truth: NDArray[np.uint8], settings: HeadSettings) -> Volume:
    """The plan's dose on its own, coarser lattice over the same field of view."""
    plans = []
    for value, (box, each) in enumerate(
        zip(ndimage.find_objects(truth), rng.spawn(int(truth.max())), strict=True), start=1
    ):
        if box is not None:
            wide = _widened(box, truth.shape, settings.spacing_mm)
            plans.append(plan_shots(each, axes.part(wide), truth[wide] == value))
    i, j, k = (
        max(2, round(n * step / DOSE_STEP_MM)) for n, step in zip(settings.shape, settings.spacing_mm, strict=True)
    )
    center = (float(axes.r.mean()), float(axes.a.mean()), float(axes.s.mean()))
    lattice = Axes.of(center, (i, j, k), (DOSE_STEP_MM, DOSE_STEP_MM, DOSE_STEP_MM))
    values = sum_dose(plans, lattice, settings.prescription_gy)
    return Volume(values.transpose(2, 1, 0), lattice.geometry())


def _widened(box: Box, shape: tuple[int, ...], spacing_mm: Point) -> Box:
    """The box and its surroundings, 8 mm on each side."""
    k, j, i = (
        slice(max(side.start - round(8 / step), 0), min(side.stop + round(8 / step), n))
        for side, n, step in zip(box, shape, reversed(spacing_mm), strict=True)
    )
    return k, j, i


def _scan(signal: Field, axes: Axes, settings: HeadSettings, rng: np.random.Generator) -> Field:
    """Texture, resolution, coil and Rician noise."""
    sequence = settings.sequence
    texture = ndimage.gaussian_filter(rng.standard_normal(signal.shape, dtype=np.float32), 1.5, truncate=2.5)
    signal = signal * (1 + 0.03 / float(texture.std()) * texture)
    for axis, step in enumerate(reversed(settings.spacing_mm)):
        sigma = sequence.blur_mm if axis else max(sequence.blur_mm, 0.3 * step)
        ndimage.gaussian_filter1d(signal, sigma / step, axis=axis, output=signal, truncate=3)
    signal *= coil(axes, sequence.shading, 70.0, rng)
    return magnitude(signal, sequence.noise, rng) * np.float32(_BLOOD)


def _phantom(signal: Field, truth: NDArray[np.uint8], dose: Volume, axes: Axes, settings: HeadSettings) -> HeadPhantom:
    geometry = axes.geometry()
    image = stored(signal, geometry)
    labels = Volume(truth.transpose(2, 1, 0), geometry)
    lesions = tuple(
        FoundMetastasis(one.value, one.point_mm, one.diameter_mm, one.volume_mm3, settings.metastases[one.value - 1])
        for one in extents(labels, settings.spacing_mm)
    )
    return HeadPhantom(image, labels, dose, lesions)

"""A simulated time-of-flight MR angiogram of the circle of Willis with aneurysms whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.canvas import Axes, Canvas, Field
from lesionlab.phantoms.lattice import check_lattice
from lesionlab.phantoms.magnet import coil, magnitude, stored
from lesionlab.phantoms.truths import extents, mark_largest
from lesionlab.phantoms.vessels_aneurysms import Aneurysm, choose_origin, paint_aneurysm
from lesionlab.phantoms.vessels_tissue import Levels, paint_tissue
from lesionlab.phantoms.vessels_tree import grow_vessels

#: Grey levels of fast arterial blood.
_BLOOD = 1000.0


@dataclass(frozen=True)
class Magnet:
    """How the angiogram is taken.

    Attributes:
        noise: standard deviation in each channel, as a share of fast blood's signal.
        blur_mm: of the acquired resolution, standard deviation.
        saturation: signal that blood loses over 60 mm upwards.
        slabs: overlapping slabs, at whose borders the signal dips.
        shading: how much the coil's sensitivity varies.
    """

    noise: float = 0.035
    blur_mm: float = 0.30
    saturation: float = 0.25
    slabs: int = 2
    shading: float = 0.2
    levels: Levels = field(default_factory=Levels)


@dataclass(frozen=True)
class AngiogramSettings:
    """What to simulate: voxels along (i, j, k) to the left, backwards and upwards, their spacing, and what is in it."""

    shape: Index = (224, 224, 84)
    spacing_mm: Point = (0.6, 0.6, 0.75)
    aneurysms: tuple[Aneurysm, ...] = ()
    magnet: Magnet = field(default_factory=Magnet)


@dataclass(frozen=True)
class FoundAneurysm:
    """One as it came out: value in the truth, centre of mass, longest axial diameter, volume, and what was asked for."""

    value: int
    point_mm: Point
    diameter_mm: float
    volume_mm3: float
    aneurysm: Aneurysm


@dataclass(frozen=True, eq=False)
class Angiogram:
    """Image (int16), truth (uint8, one value for each aneurysm) on the same lattice, and the aneurysms."""

    image: Volume
    truth: Volume
    lesions: tuple[FoundAneurysm, ...]


def simulate_angiogram(rng: np.random.Generator, settings: AngiogramSettings | None = None) -> Angiogram:
    """Simulate one patient and scan; aneurysms that find no room are left out.

    Raises:
        InputError: when the settings make no image.
    """
    settings = settings or AngiogramSettings()
    check_lattice(settings.shape, settings.spacing_mm)
    patient, vessels, sites, tissue, scan = rng.spawn(5)
    r, a, s = patient.normal(0, (2.0, 4.0, 3.0))
    axes = Axes.of((float(r), float(a) - 3, float(s) - 4), settings.shape, settings.spacing_mm)
    turn = _turn(patient)
    tree = grow_vessels(vessels, turn)
    edge = max(0.6, settings.spacing_mm[0])
    blood = Canvas(axes, np.zeros(axes.shape, dtype=np.float32), edge)
    for cone, signal in tree.cones:
        blood.raise_to(cone, signal, 0.0)
    truth = np.zeros(axes.shape, dtype=np.uint8)
    taken: list[Point] = []
    for value, aneurysm in enumerate(settings.aneurysms, start=1):
        origin = choose_origin(sites, tree.origins, axes, aneurysm, taken)
        painted = None if origin is None else paint_aneurysm(blood, origin, aneurysm, sites)
        if painted is not None:
            mark_largest(truth, value, *painted)
    canvas = Canvas(axes, np.full(axes.shape, 0.005, dtype=np.float32), edge)
    paint_tissue(canvas, turn, settings.magnet.levels, tissue)
    scanned = _scan(canvas.hu, blood.hu, axes, settings, scan)
    return _angiogram(scanned, truth, axes, settings)


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """A head that is held a little askew: a rotation matrix."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_euler("xyz", rng.normal(0, (0.09, 0.05, 0.07))).as_matrix())


def _scan(tissue: Field, blood: Field, axes: Axes, settings: AngiogramSettings, rng: np.random.Generator) -> Field:
    """Inflow, slabs, resolution, coil and Rician noise."""
    magnet = settings.magnet
    high = (axes.s - float(axes.s.min())) / 60.0
    flow = np.clip(1 - magnet.saturation * high, 0.3, 1)
    slab = np.mod((axes.s - float(axes.s.min())) / max(float(np.ptp(axes.s)), 1) * magnet.slabs, 1.0)
    flow = flow * (1 - 0.12 * np.abs(2 * slab - 1) ** 3)
    uneven = 1 + 0.08 * ndimage.zoom(rng.standard_normal((8, 8, 8)), np.array(blood.shape) / 8, order=1).astype(
        np.float32
    )
    # Painted blood shares its voxels with tissue: full where it is full.
    share = np.clip(blood, 0, 1)
    signal = tissue * (1 - share) + np.asarray(flow * uneven, dtype=np.float32) * blood * np.float32(0.95)
    signal = np.maximum(signal, tissue * (1 - share))
    for axis, step in enumerate(reversed(settings.spacing_mm)):
        ndimage.gaussian_filter1d(signal, magnet.blur_mm / step, axis=axis, output=signal, truncate=3)
    signal *= coil(axes, magnet.shading, 60.0, rng)
    return magnitude(signal, magnet.noise, rng) * np.float32(_BLOOD)


def _angiogram(signal: Field, truth: NDArray[np.uint8], axes: Axes, settings: AngiogramSettings) -> Angiogram:
    geometry = axes.geometry()
    image = stored(signal, geometry)
    labels = Volume(truth.transpose(2, 1, 0), geometry)
    lesions = tuple(
        FoundAneurysm(one.value, one.point_mm, one.diameter_mm, one.volume_mm3, settings.aneurysms[one.value - 1])
        for one in extents(labels, settings.spacing_mm)
    )
    return Angiogram(image, labels, lesions)

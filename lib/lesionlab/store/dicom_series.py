"""The headers of a DICOM series in the order of its volume, and arrays brought onto its lattice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.dicom import read_series
from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import reading
from lesionlab.image.volume import Volume

if TYPE_CHECKING:
    from pydicom import Dataset

_OFF = 0.02  # of a voxel: how far two lattices may lie apart and still be one


@dataclass(frozen=True, eq=False)
class Series:
    """A series.

    Attributes:
        headers: of the files, without pixels, in the order of the lattice's axis k.
        geometry: the lattice of the volume that the series makes.
    """

    headers: tuple[Dataset, ...]
    geometry: Geometry


def open_series(folder: Path) -> Series:
    """Read the headers and the lattice of the one series in a folder.

    Raises:
        InputError: the folder has no image, several series, or no regular lattice.
    """
    geometry = read_series(folder).geometry
    headers = _headers(folder)
    normal = geometry.affine_lps[:3, 2]
    headers.sort(key=lambda header: float(np.dot(_position(header), normal)))
    return Series(tuple(headers), geometry)


def onto(mask: Volume, lattice: Geometry, what: str = "the mask") -> Volume:
    """The same voxels stored in the axes of ``lattice``; a part of the lattice is filled up with zeros.

    Args:
        mask: on voxels of the lattice, its axes in any order and direction.
        lattice: the lattice wanted.
        what: what the mask is, for the error.

    Raises:
        InputError: the voxels are not those of the lattice, or a voxel that is not zero lies outside.
    """
    to_index = lattice.inverse @ mask.geometry.affine
    turned, start = to_index[:3, :3], to_index[:3, 3]
    # An axis that the mask has one voxel along says nothing about its step.
    free = [axis for axis, count in enumerate(mask.geometry.shape) if count == 1]
    whole = np.rint(turned)
    for axis in free:
        whole[:, axis] = np.eye(3)[:, int(np.abs(turned[:, axis]).argmax())]
        turned[:, axis] = whole[:, axis]
    reach = np.abs(turned - whole) @ np.asarray(mask.geometry.shape)
    if np.abs(start - np.rint(start)).max() > _OFF or reach.max() > _OFF or not _is_permutation(whole):
        raise InputError(
            f"{what} does not lie on the voxels of the image",
            got=f"spacing {_rounded(mask.geometry)} mm, first voxel at index {(np.round(start, 2) + 0.0).tolist()}",
            expected=f"spacing {_rounded(lattice)} mm",
            hint="resample it to the image first, with nearest neighbours",
        )
    index = np.argwhere(mask.array)
    there = (index @ whole.T + np.rint(start)).astype(np.int64)
    if len(there) and ((there < 0).any() or (there >= np.asarray(lattice.shape)).any()):
        raise InputError(f"{what} reaches out of the image", got=f"index {there.max(axis=0).tolist()}")
    out = np.zeros(lattice.shape, dtype=mask.array.dtype)
    out[tuple(there.T)] = mask.array[tuple(index.T)]
    return Volume(out, lattice)


def _headers(folder: Path) -> list[Dataset]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    found = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith(".") or path.name.upper() == "DICOMDIR":
            continue
        with reading(path, "DICOM"):
            try:
                header = pydicom.dcmread(path, stop_before_pixels=True)
            except InvalidDicomError:
                continue
        if "Rows" in header:
            found.append(header)
    return found


def _position(header: Dataset) -> NDArray[np.float64]:
    return np.asarray(header.get("ImagePositionPatient", (0.0, 0.0, 0.0)), dtype=float)


def _is_permutation(whole: NDArray[np.float64]) -> bool:
    size = np.abs(whole)
    return bool((size.sum(axis=0) == 1).all() and (size.sum(axis=1) == 1).all())


def _rounded(geometry: Geometry) -> list[float]:
    return [round(step, 3) for step in geometry.spacing_mm]

"""NRRD files, Slicer's segmentations among them. The header names the space; we write LPS, as ITK does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.reading import check_bytes, check_neighbour, reading, tidy
from lesionlab.image.volume import Array, Volume

_DATA_KEYS = ("data file", "datafile")
_SPACES = {
    "left-posterior-superior": (-1.0, -1.0, 1.0), "lps": (-1.0, -1.0, 1.0),
    "right-anterior-superior": (1.0, 1.0, 1.0), "ras": (1.0, 1.0, 1.0),
    "left-anterior-superior": (-1.0, 1.0, 1.0), "las": (-1.0, 1.0, 1.0),
}  # fmt: skip
_SPACELESS = (-1.0, -1.0, 1.0)  # ITK takes a header without a named space as LPS.


def read_nrrd(path: Path) -> Volume:
    """Read ``.nrrd`` or ``.nhdr``; the segmentation of one layer of Slicer too (its labels are the voxels).

    Raises:
        InputError: the file is broken, has several channels, layers or time points, or its data lie elsewhere.
    """
    import nrrd

    with reading(path, "NRRD", nrrd.NRRDError):
        with path.open("rb") as file:
            header: dict[str, Any] = dict(nrrd.read_header(file))
            check_bytes(path, [int(n) for n in header["sizes"]], 8)
            for key in _DATA_KEYS:
                if key in header:
                    check_neighbour(path, str(header[key]))
            array = np.asarray(nrrd.read_data(header, file, str(path)))
        directions = _directions(header, array.ndim)
        array, directions = _one_image(path, array, directions)
        affine = _affine(header, directions)
    return tidy(path, array, affine)


def write_nrrd(volume: Volume, path: Path) -> None:
    """Write ``.nrrd``: attached data, gzip, LPS."""
    import nrrd

    array = volume.array
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    affine = volume.geometry.affine_lps
    header = {
        "space": "left-posterior-superior",
        "space directions": affine[:3, :3].T,
        "space origin": affine[:3, 3],
        "kinds": ["domain"] * 3,
        "encoding": "gzip",
    }
    nrrd.write(str(path), array, header, compression_level=3)


def _directions(header: dict[str, Any], axes: int) -> NDArray[np.float64]:
    """One row per array axis: its step in space, NaN for an axis that is not spatial."""
    given = header.get("space directions")
    if given is not None:
        rows = [
            np.full(3, np.nan)
            if row is None or np.isnan(np.asarray(row, dtype=float)).any()
            else np.asarray(row, float)
            for row in given
        ]
        return np.array([row if len(row) == 3 else np.append(row, 0.0)[:3] for row in rows])
    spacing = np.asarray(header.get("spacings", np.ones(axes)), dtype=float)
    kinds = header.get("kinds", ["domain"] * axes)
    rows, world = [], 0
    for axis in range(axes):
        if kinds[axis] in {"domain", "space", "???"} and world < 3:
            rows.append(np.eye(3)[world] * (1.0 if np.isnan(spacing[axis]) else spacing[axis]))
            world += 1
        else:
            rows.append(np.full(3, np.nan))
    return np.array(rows)


def _one_image(path: Path, array: Array, directions: NDArray[np.float64]) -> tuple[Array, NDArray[np.float64]]:
    for axis in reversed(range(array.ndim)):
        if not np.isfinite(directions[axis]).all():
            if array.shape[axis] != 1:
                raise InputError(
                    f"{path}: not one 3D image",
                    got=f"{array.shape[axis]} channels, layers or time points",
                    expected="one",
                    hint="split it into 3D images first",
                )
            array, directions = array.take(0, axis=axis), np.delete(directions, axis, axis=0)
    if array.ndim == 2:
        normal = np.cross(directions[0], directions[1])
        array, directions = array[:, :, None], np.vstack([directions, normal / np.linalg.norm(normal)])
    if array.ndim != 3:
        raise InputError(f"{path}: not one 3D image", got=f"shape {array.shape}", expected="two or three spatial axes")
    return array, directions


def _affine(header: dict[str, Any], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = directions.T
    origin = np.asarray(header.get("space origin", np.zeros(3)), dtype=float)
    affine[: len(origin), 3] = origin
    name = str(header.get("space", "")).lower().removesuffix("-time")
    if name and name not in _SPACES and not name.startswith(("3d-right-handed", "3d-left-handed", "scanner")):
        raise ValueError(f"unknown space {name!r}")
    return np.diag([*_SPACES.get(name, _SPACELESS), 1.0]) @ affine

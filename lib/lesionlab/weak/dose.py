"""Radiotherapy dose as a label: DICOM RTDOSE, and the region that receives at least a level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Geometry
from lesionlab.image.reading import check_bytes, reading
from lesionlab.image.volume import Volume
from lesionlab.weak.label import Isodose
from lesionlab.weak.shapes import Region

if TYPE_CHECKING:
    from pydicom import Dataset

_STEP_TOLERANCE_MM = 0.01


def read_dose(path: Path) -> tuple[Volume, str]:
    """Read a DICOM RTDOSE.

    Frames lie at ``GridFrameOffsetVector`` along the cross product of row and column direction; a vector that does not
    begin at 0 holds patient z coordinates (DICOM PS3.3, C.8.8.3.2).

    Returns:
        Dose (column, row, frame) as float32, and its unit: "gy" or "relative".

    Raises:
        InputError: the file is no RTDOSE, broken, or its frames are not equally spaced.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM RTDOSE", InvalidDicomError):
        dataset = pydicom.dcmread(path)
        if dataset.get("Modality") != "RTDOSE":
            raise ValueError(f"Modality is {dataset.get('Modality')!r}, not 'RTDOSE'")
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        check_bytes(path, (frames, int(dataset.Rows), int(dataset.Columns)), 4)
        stored = np.asarray(dataset.pixel_array).reshape(frames, dataset.Rows, dataset.Columns)
        dose = (stored * float(dataset.DoseGridScaling)).astype(np.float32).transpose(2, 1, 0)
        offsets = np.asarray(dataset.get("GridFrameOffsetVector", [0.0]), dtype=float).reshape(-1)
        affine = _affine(path, dataset, offsets, frames)
        unit = str(dataset.DoseUnits).lower()
    i, j, k = dose.shape
    return Volume(dose, Geometry.from_lps((i, j, k), affine)), unit


def isodose(label: Isodose) -> Region:
    """The region of an isodose, the dose interpolated linearly between the centres of its voxels.

    Raises:
        InputError: the dose cannot be read, has no gray, or nowhere reaches the level.
    """
    from scipy.ndimage import map_coordinates

    dose, unit = read_dose(label.dose)
    if label.unit == "gy" and unit != "gy":
        raise InputError(
            f"{label.dose}: the dose is relative, without gray", got=f"level {label.level} Gy", expected="a percentage"
        )
    largest = float(dose.array.max())
    level = label.level if label.unit == "gy" else largest * label.level / 100
    if largest < level or largest <= 0:
        raise InputError(
            f"{label.dose}: the dose nowhere reaches the level",
            got=f"at most {largest:g}",
            expected=f"{level:g} {unit} or more",
        )
    inverse = dose.geometry.inverse
    values = np.ascontiguousarray(dose.array)

    def inside(points: FloatArray) -> NDArray[np.bool_]:
        index = points @ inverse[:3, :3].T + inverse[:3, 3]
        found: Any = map_coordinates(values, index.T, order=1, mode="constant", cval=0.0)
        return np.asarray(found >= level)

    hot = np.argwhere(values >= level)
    low, high = hot.min(axis=0) - 1, hot.max(axis=0) + 1
    corners = np.array([[i, j, k] for i in (low[0], high[0]) for j in (low[1], high[1]) for k in (low[2], high[2])])
    return Region(inside, corners @ dose.geometry.affine[:3, :3].T + dose.geometry.affine[:3, 3])


def _affine(path: Path, dataset: Dataset, offsets: FloatArray, frames: int) -> FloatArray:
    """Index -> LPS mm."""
    if len(offsets) != frames:
        raise InputError(f"{path}: GridFrameOffsetVector is wrong", got=f"{len(offsets)} offsets", expected=str(frames))
    along_i, along_j = np.asarray(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(along_i, along_j)
    if abs(offsets[0]) > _STEP_TOLERANCE_MM:
        normal = np.array([0.0, 0.0, 1.0])
    steps = np.diff(offsets)
    step = float(steps.mean()) if frames > 1 else float(dataset.get("SliceThickness") or 1.0)
    if frames > 1 and (np.abs(steps - step).max() > _STEP_TOLERANCE_MM or abs(step) < _STEP_TOLERANCE_MM):
        raise InputError(
            f"{path}: the frames of the dose are not equally spaced",
            got=f"steps of {steps.min():g} to {steps.max():g} mm",
            expected="equal steps",
            hint="export the dose on a regular grid",
        )
    between_rows, between_columns = (float(x) for x in dataset.PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along_i * between_columns, along_j * between_rows
    affine[:3, 2] = normal * step
    affine[:3, 3] = np.asarray(dataset.ImagePositionPatient, dtype=float)
    return affine

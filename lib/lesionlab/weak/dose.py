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
#: Frames at unequal steps become at most so many times as many.
_MOST = 8


def read_dose(path: Path) -> tuple[Volume, str]:
    """Read a DICOM RTDOSE.

    Frames lie at ``GridFrameOffsetVector`` along the cross product of row and column direction; a vector that does not
    begin at 0 holds patient z coordinates (DICOM PS3.3, C.8.8.3.2). Between frames at unequal steps the dose is interpolated
    linearly, at the largest step that meets all frames, so that these keep their values; where that would be too many, at the
    smallest step between two frames.

    Returns:
        Dose (column, row, frame) as float32, and its unit: "gy" or "relative".

    Raises:
        InputError: the file is no RTDOSE, broken, or its frames do not follow each other.
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
        gray = (stored * float(dataset.DoseGridScaling)).astype(np.float32).transpose(2, 1, 0)
        offsets = np.asarray(dataset.get("GridFrameOffsetVector", [0.0]), dtype=float).reshape(-1)
        along = _offsets(path, offsets, frames)
        dose, step = _regular(gray, along, float(dataset.get("SliceThickness") or 1.0))
        affine = _affine(dataset, abs(offsets[0]) > _STEP_TOLERANCE_MM, step)
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


def _offsets(path: Path, offsets: FloatArray, frames: int) -> FloatArray:
    """Where the frames lie, mm from the first one; all in one direction."""
    if len(offsets) != frames:
        raise InputError(f"{path}: GridFrameOffsetVector is wrong", got=f"{len(offsets)} offsets", expected=str(frames))
    steps = np.diff(offsets)
    if (frames > 1 and np.abs(steps).min() < _STEP_TOLERANCE_MM) or len(set(np.sign(steps))) > 1:
        raise InputError(
            f"{path}: the frames of the dose do not follow each other",
            got=f"steps of {steps.min():g} to {steps.max():g} mm",
            expected="all in one direction",
        )
    return np.asarray(offsets - offsets[0])


def _regular(dose: NDArray[np.float32], offsets: FloatArray, alone_mm: float) -> tuple[NDArray[np.float32], float]:
    """The dose at equal steps along its last axis, and the step; ``alone_mm`` is that of a single frame."""
    if len(offsets) == 1:
        return dose, alone_mm
    steps = np.diff(offsets)
    mean = float(steps.mean())
    if np.abs(steps - mean).max() <= _STEP_TOLERANCE_MM:
        return dose, mean
    step = _common(offsets) * float(np.sign(mean))
    if abs(offsets[-1] / step) > _MOST * len(offsets):
        step = float(steps[np.abs(steps).argmin()])
    # What is left behind the last whole step gets a frame too: a frame may not get lost.
    count = int(np.ceil((offsets[-1] - _STEP_TOLERANCE_MM * np.sign(step)) / step)) + 1
    place = np.interp(np.abs(np.arange(count) * step), np.abs(offsets), np.arange(len(offsets)))
    below = np.minimum(place.astype(int), len(offsets) - 2)
    share = (place - below).astype(np.float32)
    return dose[..., below] * (1 - share) + dose[..., below + 1] * share, step


def _common(offsets: FloatArray) -> float:
    """The largest step, in hundredths of a millimetre, of which all offsets are multiples."""
    return max(int(np.gcd.reduce(np.rint(np.abs(offsets) / _STEP_TOLERANCE_MM).astype(int))), 1) * _STEP_TOLERANCE_MM


def _affine(dataset: Dataset, absolute: bool, step: float) -> FloatArray:
    """Index -> LPS mm; ``absolute`` when the frames' places are patient z coordinates."""
    along_i, along_j = np.asarray(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.array([0.0, 0.0, 1.0]) if absolute else np.cross(along_i, along_j)
    between_rows, between_columns = (float(x) for x in dataset.PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along_i * between_columns, along_j * between_rows
    affine[:3, 2] = normal * step
    affine[:3, 3] = np.asarray(dataset.ImagePositionPatient, dtype=float)
    return affine

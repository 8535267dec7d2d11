"""DICOM series as volumes. DICOM speaks LPS; the slices' own positions say where they lie, never the file names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Geometry
from lesionlab.image.itk_file import grey
from lesionlab.image.reading import check_bytes, reading, tidy
from lesionlab.image.volume import Array, Volume

#: Slices may stray by this share of their distance before the series counts as irregular.
_STRAY = 0.05


@dataclass(frozen=True, eq=False)
class _Plane:
    """One slice: values (row, column), where its first pixel lies and how rows and columns run, LPS mm."""

    values: NDArray[Any]
    origin: FloatArray
    along_row: FloatArray
    along_column: FloatArray

    @property
    def normal(self) -> FloatArray:
        return np.cross(self.along_row, self.along_column)


def read_dicom(path: Path) -> Volume:
    """One series: a folder of single-frame files, or one file with one or several frames.

    Values are rescaled by slope and intercept (HU for CT).

    Raises:
        InputError: the folder holds no image, several series, or slices that do not make a regular lattice.
    """
    datasets = _read_folder(path) if path.is_dir() else [_read_file(path)]
    with reading(path, "DICOM"):
        planes = [plane for dataset in datasets for plane in _planes(dataset)]
    return _stack(path, planes)


def _read_file(path: Path) -> Any:
    import pydicom
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM", InvalidDicomError):
        dataset = pydicom.dcmread(path)
    if "PixelData" not in dataset:
        raise InputError(f"{path}: a DICOM object without pixels", got=str(dataset.get("Modality", "no modality")))
    return dataset


def _read_folder(folder: Path) -> list[Any]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    datasets = []
    for file in sorted(entry for entry in folder.iterdir() if entry.is_file() and entry.name != "DICOMDIR"):
        try:
            dataset = pydicom.dcmread(file)
        except InvalidDicomError:
            continue  # other files may lie beside a series
        except (OSError, EOFError, ValueError, AttributeError) as error:
            raise InputError(f"{file}: cannot be read as DICOM", got=" ".join(str(error).split())[:200]) from error
        if "PixelData" in dataset:
            datasets.append(dataset)
    if not datasets:
        raise InputError(f"{folder}: no DICOM image in the folder", expected="the files of one series")
    series = Counter(str(dataset.get("SeriesInstanceUID", "")) for dataset in datasets)
    if len(series) > 1:
        first = {str(d.get("SeriesInstanceUID", "")): str(d.get("SeriesDescription", "no description")) for d in datasets}
        found = "; ".join(f"{first[uid]} ({count} files)" for uid, count in series.items())
        raise InputError(f"{folder}: several series in one folder", got=found, expected="one", hint="give each a folder")
    return datasets


def _planes(dataset: Any) -> list[_Plane]:
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    check_bytes(Path(str(dataset.filename)), (frames, dataset.Rows, dataset.Columns), 4)
    pixels = dataset.pixel_array
    if int(dataset.get("SamplesPerPixel", 1)) > 1:
        pixels = grey(pixels)
    pixels = pixels.reshape(frames, *pixels.shape[-2:])
    return [_plane(dataset, frame, pixels[frame]) for frame in range(frames)]


def _plane(dataset: Any, frame: int, values: Array) -> _Plane:
    orientation = _item(dataset, frame, "PlaneOrientationSequence", "ImageOrientationPatient")
    position = _item(dataset, frame, "PlanePositionSequence", "ImagePositionPatient")
    spacing = _item(dataset, frame, "PixelMeasuresSequence", "PixelSpacing")
    if spacing is None:
        spacing = dataset.get("ImagerPixelSpacing", (1.0, 1.0))
    rows = np.asarray(orientation if orientation is not None else (1, 0, 0, 0, 1, 0), dtype=np.float64)
    origin = np.asarray(position if position is not None else (0, 0, frame), dtype=np.float64)
    slope = _item(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = _item(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept")
    values = _rescale(values, 1.0 if slope is None else float(slope), 0.0 if intercept is None else float(intercept))
    # PixelSpacing is (between rows, between columns); the row vector points along increasing column.
    return _Plane(values, origin, rows[:3] * float(spacing[1]), rows[3:] * float(spacing[0]))


def _item(dataset: Any, frame: int, sequence: str, name: str) -> Any:
    """A value from the frame's functional groups, else the shared ones, else the data set itself; None if nowhere."""
    for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        if groups in dataset:
            group = dataset[groups][frame if groups.startswith("Per") else 0]
            if sequence in group and name in group[sequence][0]:
                return group[sequence][0][name].value
    return dataset.get(name)


def _rescale(values: Array, slope: float, intercept: float) -> Array:
    if (slope, intercept) == (1.0, 0.0):
        return values
    whole = slope.is_integer() and intercept.is_integer()
    scaled = values.astype(np.float64 if whole else np.float32) * slope + intercept
    if whole and np.abs(scaled).max(initial=0) < np.iinfo(np.int16).max:
        return scaled.astype(np.int16)
    return scaled.astype(np.float32)


def _stack(path: Path, planes: list[_Plane]) -> Volume:
    first = planes[0]
    normal = first.normal / np.linalg.norm(first.normal)
    for plane in planes:
        turned = max(np.abs(plane.along_row - first.along_row).max(), np.abs(plane.along_column - first.along_column).max())
        if plane.values.shape != first.values.shape or turned > 1e-3:
            raise InputError(f"{path}: slices differ in size or direction", expected="one lattice", hint="a localizer?")
    planes = sorted(planes, key=lambda plane: float(plane.origin @ normal))
    origins = np.stack([plane.origin for plane in planes])
    step = (origins[-1] - origins[0]) / (len(planes) - 1) if len(planes) > 1 else normal
    distance = float(np.linalg.norm(step))
    stray = np.abs(origins - (origins[0] + np.arange(len(planes))[:, None] * step)).max()
    if len(planes) > 1 and (distance < 1e-3 or stray > max(_STRAY * distance, 0.01)):
        gaps = np.diff(origins @ normal)
        raise InputError(
            f"{path}: slices are not equally spaced", got=f"gaps of {gaps.min():.2f} to {gaps.max():.2f} mm",
            expected="one gap", hint="a slice is missing, or two series are mixed",
        )
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2], affine[:3, 3] = first.along_row, first.along_column, step, origins[0]
    array = np.stack([plane.values.T for plane in planes], axis=-1)
    return tidy(path, array, Geometry.from_lps((1, 1, 1), affine).affine)

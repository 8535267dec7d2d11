"""The volumes of CIRCUS DB from the DICOM series that they were made of: exact places in the patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.dicom_frames import slices_of
from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import reading
from lesionlab.image.volume import Volume
from lesionlab.store.circus_model import Series

if TYPE_CHECKING:
    from pydicom import Dataset

_GAP = 0.05  # of the distance of slices


def find_series(folder: Path, uid: str) -> dict[int, Path]:
    """The files of a series in a folder and its subfolders, by instance number.

    Raises:
        NotFoundError: there is none.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    found: dict[int, Path] = {}
    wanted = ["SeriesInstanceUID", "InstanceNumber"]
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
        except (InvalidDicomError, OSError):
            continue
        if str(header.get("SeriesInstanceUID", "")) == uid:
            found[int(header.get("InstanceNumber") or 0)] = path
    if not found:
        raise NotFoundError(f"the DICOM series is not in {folder}", got=uid, expected="its files, in any subfolder")
    return found


def circus_volume(folder: Path, series: Series) -> tuple[Volume, str]:
    """The volume in the order of CIRCUS DB (slices as its partial volume counts them), and the patient's id.

    Raises:
        NotFoundError: the series, or one of its images, is missing.
        InputError: the slices do not lie on one straight line at equal distances.
    """
    import pydicom

    files = find_series(folder, series.series_uid)
    numbers = list(series.partial_volume.numbers) if series.partial_volume else sorted(files)
    missing = [number for number in numbers if number not in files]
    if missing:
        raise NotFoundError(f"images of series {series.series_uid} are missing", got=f"no instance number {missing[0]}")
    headers: list[Dataset] = []
    pixels = []
    for number in numbers:
        with reading(files[number], "DICOM"):
            dataset = pydicom.dcmread(files[number])
            pixels.append(slices_of(dataset, files[number])[0].pixels)
        del dataset.PixelData
        headers.append(dataset)
    array = np.stack(pixels, axis=2)
    i, j, k = array.shape
    affine = _affine_lps(headers, series.series_uid)
    return Volume(array, Geometry.from_lps((i, j, k), affine)), str(headers[0].get("PatientID", ""))


def _affine_lps(headers: list[Dataset], uid: str) -> np.ndarray:
    first = headers[0]
    along_i, along_j = np.asarray(first.ImageOrientationPatient, dtype=float).reshape(2, 3)
    places = np.array([np.asarray(header.ImagePositionPatient, dtype=float) for header in headers])
    if len(places) > 1:
        step = (places[-1] - places[0]) / (len(places) - 1)
        off = np.linalg.norm(places - places[0] - np.outer(np.arange(len(places)), step), axis=1).max()
        if off > _GAP * np.linalg.norm(step):
            raise InputError(
                f"series {uid} is not equally spaced", got=f"a slice {off:.2f} mm off", expected="equal gaps"
            )
    else:
        step = np.cross(along_i, along_j) * float(first.get("SliceThickness") or 1.0)
    affine = np.eye(4)
    affine[:3, 0] = along_i * float(first.PixelSpacing[1])
    affine[:3, 1] = along_j * float(first.PixelSpacing[0])
    affine[:3, 2], affine[:3, 3] = step, places[0]
    return affine

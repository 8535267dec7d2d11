"""DICOM images: a folder with one series, or one file (a slice, a radiograph, or all slices as frames)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.errors import InputError
from lesionlab.image.dicom_frames import Slice, single_slice, slices_of
from lesionlab.image.dicom_stack import stack
from lesionlab.image.reading import reading
from lesionlab.image.volume import Volume

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True)
class _File:
    path: Path
    dataset: Dataset


def read_dicom(path: Path) -> Volume:
    """Read a folder with one series, or one file.

    Raises:
        InputError: see ``read_series`` and ``read_file``.
    """
    return read_series(path) if path.is_dir() else read_file(path)


def read_series(folder: Path) -> Volume:
    """Read the one series in ``folder`` (not in its subfolders), whatever the names of its files.

    Slices are sorted along their normal. Rescale slope and intercept are applied: to integers when both are whole,
    otherwise to float32. MONOCHROME1 is inverted, so that larger is brighter. Files that are not DICOM, and DICOM
    objects without pixels, are passed over.

    Raises:
        InputError: there is no image, more than one series (the message lists them), or the slices do not make a
            regular lattice.
    """
    files = list(_images_in(folder))
    if not files:
        raise InputError(f"{folder}: no DICOM image in the folder", expected="the files of one series")
    series = Counter(str(file.dataset.get("SeriesInstanceUID", "")) for file in files)
    if len(series) > 1:
        raise InputError(
            f"{folder}: several DICOM series in one folder",
            got=_describe(files),
            expected="one series",
            hint="put each series into a folder of its own",
        )
    slices: list[Slice] = []
    for file in files:
        with reading(file.path, "DICOM"):
            slices += slices_of(file.dataset, file.path)
    return stack(folder, slices)


def read_file(path: Path) -> Volume:
    """Read one file: a slice, a radiograph (2D: pixel spacing when it is stated, else 1 mm), or a multi-frame volume.

    Raises:
        InputError: the file is broken, holds no pixels, or its frames do not make a regular lattice.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM", InvalidDicomError):
        dataset = pydicom.dcmread(path)
        if "Rows" not in dataset:
            raise ValueError("no pixels in this DICOM object")
        slices = slices_of(dataset, path)
    return single_slice(path, slices[0]) if len(slices) == 1 else stack(path, slices)


def _images_in(folder: Path) -> Iterator[_File]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith(".") or path.name.upper() == "DICOMDIR":
            continue
        try:
            dataset = pydicom.dcmread(path)
        except InvalidDicomError:
            continue
        except (OSError, ValueError, EOFError, AttributeError, KeyError) as error:
            raise InputError(f"{path}: cannot be read as DICOM", got=" ".join(str(error).split())[:200]) from error
        if "Rows" in dataset and "Columns" in dataset:
            yield _File(path, dataset)


def _describe(files: list[_File]) -> str:
    found: dict[str, list[_File]] = {}
    for file in files:
        found.setdefault(str(file.dataset.get("SeriesInstanceUID", "")), []).append(file)
    parts = []
    for group in found.values():
        dataset = group[0].dataset
        name = str(dataset.get("SeriesDescription", "")) or "without description"
        number, modality = dataset.get("SeriesNumber", "?"), dataset.get("Modality", "?")
        parts.append(f"series {number} {name!r} ({modality}, {len(group)} files)")
    return "; ".join(parts)

"""Volumes from files and to files, whatever the format."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.dicom import read_dicom_file, read_dicom_series
from lesionlab.image.itk_file import read_metaimage, read_picture, write_metaimage
from lesionlab.image.nifti import read_nifti, write_nifti
from lesionlab.image.nrrd_file import read_nrrd, write_nrrd
from lesionlab.image.reading import FORMATS
from lesionlab.image.volume import Volume

_READERS: dict[str, Callable[[Path], Volume]] = {
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
    ".png": read_picture,
    ".jpg": read_picture,
    ".jpeg": read_picture,
    ".dcm": read_dicom_file,
    ".dicom": read_dicom_file,
    ".ima": read_dicom_file,
}
_WRITERS: dict[str, Callable[[Volume, Path], None]] = {
    ".nii": write_nifti,
    ".nii.gz": write_nifti,
    ".nrrd": write_nrrd,
    ".mha": write_metaimage,
}
SUFFIXES: tuple[str, ...] = tuple(_READERS)
WRITABLE: tuple[str, ...] = tuple(_WRITERS)


def read_volume(path: Path) -> Volume:
    """Open an image: a file of any format of ``SUFFIXES``, or a folder that holds one DICOM series.

    Integers stay as stored, scaled and real numbers become float32, NaN and infinite voxels take the smallest finite
    value. A file without a suffix is opened when it is DICOM. See the readers for what each format means.

    Raises:
        NotFoundError: there is nothing at ``path``.
        InputError: it is empty, broken, of an unknown format, or not one 3D (or 2D) image.
        TooLargeError: its header promises more than 16 GiB.
    """
    path = Path(path)
    if not path.exists():
        raise NotFoundError(f"{path}: no such file or folder", expected=FORMATS)
    if path.is_dir():
        return read_dicom_series(path)
    if not path.is_file():
        raise InputError(f"{path}: not a regular file", expected=FORMATS)
    suffix = suffix_of(path)
    reader = _READERS.get(suffix)
    if reader is None and _looks_like_dicom(path):
        reader = read_dicom_file
    if reader is None:
        raise InputError(f"{path}: not an image format", got=path.suffix or "a file without a suffix", expected=FORMATS)
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty", got="0 bytes", expected=FORMATS)
    return reader(path)


def write_volume(volume: Volume, path: Path) -> None:
    """Write a volume; the suffix of ``WRITABLE`` chooses the format. The file appears whole or not at all.

    Raises:
        InputError: the suffix is none of ``WRITABLE``, or the file cannot be written.
    """
    path = Path(path)
    suffix = suffix_of(path)
    writer = _WRITERS.get(suffix)
    if writer is None:
        raise InputError(f"{path}: cannot write this format", got=path.suffix, expected=f"one of {', '.join(WRITABLE)}")
    # Written beside its place and renamed, under a hidden name that still ends as the writers expect.
    temporary = path.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        writer(volume, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: cannot be written", got=" ".join(str(error).split())[:200]) from error
    finally:
        temporary.unlink(missing_ok=True)


def suffix_of(path: Path) -> str:
    """The suffix that names the format, lower case: ``.nii.gz`` whole, otherwise what follows the last dot."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def _looks_like_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(128)
        return file.read(4) == b"DICM"

"""Volumes from files and folders, and back. The only door; the modules beside it know one format each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.dicom import read_dicom
from lesionlab.image.itk_file import read_metaimage, read_picture, write_metaimage
from lesionlab.image.nifti import read_nifti, write_nifti
from lesionlab.image.nrrd_file import read_nrrd, write_nrrd
from lesionlab.image.reading import FORMATS
from lesionlab.image.volume import Volume

_READERS: MappingProxyType[str, Callable[[Path], Volume]] = MappingProxyType(
    {
        ".nii.gz": read_nifti, ".nii": read_nifti, ".nrrd": read_nrrd, ".nhdr": read_nrrd, ".mha": read_metaimage,
        ".mhd": read_metaimage, ".png": read_picture, ".jpg": read_picture, ".jpeg": read_picture,
        ".dcm": read_dicom, ".ima": read_dicom,
    }
)  # fmt: skip
_WRITERS: MappingProxyType[str, Callable[[Volume, Path], None]] = MappingProxyType(
    {".nii.gz": write_nifti, ".nii": write_nifti, ".nrrd": write_nrrd, ".mha": write_metaimage}
)


def read_volume(path: Path) -> Volume:
    """Read an image file, or the one series of a DICOM folder.

    Integers stay as stored, other voxels become float32; NaN and infinity become the smallest finite value.

    Raises:
        NotFoundError: there is nothing at ``path``.
        InputError: it is no image of a known format, broken, or not one 3D image.
        TooLargeError: it would not fit into memory.
    """
    if path.is_dir():
        return read_dicom(path)
    if not path.is_file():
        raise NotFoundError("the image does not exist", got=str(path), expected=FORMATS)
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty", expected=FORMATS)
    suffix = _suffix(path, _READERS)
    if suffix is not None:
        return _READERS[suffix](path)
    if _is_dicom(path):
        return read_dicom(path)
    raise InputError(f"{path}: not a known image format", got=f"suffix {path.suffix!r}", expected=FORMATS)


def write_volume(volume: Volume, path: Path) -> None:
    """Write ``.nii``, ``.nii.gz``, ``.nrrd`` or ``.mha``: at once, by way of a temporary file beside it.

    Raises:
        InputError: the suffix names no format that can be written, the folder does not exist, or the writing fails.
    """
    suffix = _suffix(path, _WRITERS)
    if suffix is None:
        raise InputError(
            "cannot write this format", got=path.name, expected=f"a name that ends in {', '.join(_WRITERS)}"
        )
    if not path.parent.is_dir():
        raise InputError("the folder to write to does not exist", got=str(path.parent), hint="make it first")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        _WRITERS[suffix](volume, temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        # A full disk, or voxels of a type that the format does not know.
        raise InputError(f"{path}: cannot be written", got=" ".join(str(error).split())[:200]) from error
    finally:
        temporary.unlink(missing_ok=True)


def _suffix(path: Path, table: MappingProxyType[str, Callable[..., object]]) -> str | None:
    name = path.name.lower()
    return next((suffix for suffix in table if name.endswith(suffix)), None)


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"

"""What every reader of image files needs: the errors, the size limit, and tidy voxel values."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError, TooLargeError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Array, Volume

LOG = logging.getLogger(__name__)

FORMATS = (
    "NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), PNG, JPEG, "
    "DICOM (a file or a folder with one series)"
)
#: A thin-slice CT of the whole body has about 1 GiB; a small compressed file can promise much more.
MAX_BYTES = 4 << 30
_BROKEN: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
)


@contextmanager
def reading(path: Path, as_what: str, *foreign: type[Exception]) -> Iterator[None]:
    """Turn what a library throws at a broken file into an InputError that names the file.

    Args:
        path: the file.
        as_what: the format that it was read as.
        foreign: the library's own exceptions, besides those that any broken file can cause.
    """
    try:
        yield
    except (*_BROKEN, *foreign) as error:
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as {as_what}", got=detail, expected=f"an intact file: {FORMATS}"
        ) from error


def check_bytes(path: Path, shape: Sequence[int], itemsize: int) -> None:
    """Refuse a header that promises more than ``MAX_BYTES`` before anything is allocated.

    Raises:
        TooLargeError: the image is too large.
    """
    wanted = itemsize
    for count in shape:
        wanted *= int(count)
    if wanted > MAX_BYTES:
        raise TooLargeError(
            f"{path}: the image is too large", got=f"{wanted} bytes", expected=f"at most {MAX_BYTES} bytes"
        )


def check_neighbour(path: Path, named: str) -> Path:
    """The data file that a header names, which must lie beside the header.

    Raises:
        InputError: the header points elsewhere on the disk, or to nothing.
    """
    data = path.parent / named
    if Path(named).name != named or named in {".", ".."} or data.resolve().parent != path.parent.resolve():
        raise InputError(
            f"{path}: the header names a data file elsewhere", got=named, expected="a file beside the header"
        )
    if not data.is_file():
        raise InputError(f"{path}: the data file that the header names does not exist", got=named)
    return data


def spatial(path: Path, array: Array) -> Array:
    """``array`` with three axes: a missing third axis is added, further axes of length one are dropped.

    Raises:
        InputError: there are several time points, channels or layers.
    """
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise InputError(
            f"{path}: not one 3D image",
            got=f"shape {array.shape}",
            expected="one time point, one channel",
            hint="split it into 3D images first",
        )
    return array


def tidy(path: Path, array: Array, affine_ras: NDArray[np.float64]) -> Volume:
    """A volume in native byte order; integers as stored, other numbers as float32, every voxel finite.

    NaN and infinite voxels take the smallest finite value, with a warning in the log.

    Raises:
        InputError: the voxels are no real numbers, none is finite, or the geometry is unusable.
    """
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: voxels are not real numbers", got=str(array.dtype), expected="integers or floats")
    if array.dtype.kind in "iu":
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    else:
        array = _finite(path, array)
    try:
        i, j, k = array.shape
        return Volume(array, Geometry((i, j, k), affine_ras))
    except InputError as error:
        raise InputError(f"{path}: {error.what}", got=error.got, expected=error.expected) from error


def _finite(path: Path, array: Array) -> Array:
    with np.errstate(over="ignore"):
        values = array.astype(np.float32, copy=False)
    finite = np.isfinite(values)
    if finite.all():
        return values
    if not finite.any():
        raise InputError(f"{path}: no voxel has a finite value", expected="numbers")
    lowest = values[finite].min()
    LOG.warning("%s: %d voxels are not finite and become %g", path, int((~finite).sum()), lowest)
    return np.where(finite, values, lowest)


def embed_2d(affine_2d: NDArray[np.float64]) -> NDArray[np.float64]:
    """A 3 x 3 affine of the plane as a 4 x 4 affine of space; the third axis has a step of 1 mm."""
    affine = np.eye(4)
    affine[:2, :2] = affine_2d[:2, :2]
    affine[:2, 3] = affine_2d[:2, 2]
    return affine

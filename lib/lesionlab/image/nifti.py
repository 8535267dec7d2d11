"""NIfTI files. Their affine gives RAS mm, as ours does."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.reading import check_bytes, reading, spatial, tidy
from lesionlab.image.volume import Array, Volume

_UNIT_MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path) -> Volume:
    """Read ``.nii`` or ``.nii.gz``: integers as stored, scaled values as float32, millimetres whatever unit the file uses.

    Raises:
        InputError: the file is broken, or holds several time points or channels.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError

    with reading(path, "NIfTI", ImageFileError, HeaderDataError, zlib.error):
        image: Any = nibabel.load(path, mmap=False)
        header = image.header
        check_bytes(path, image.shape, header.get_data_dtype().itemsize)
        array, affine = _voxels(path, image), np.array(image.affine, dtype=np.float64)
        affine[:3] *= _UNIT_MM.get(header.get_xyzt_units()[0], 1.0)
    return tidy(path, spatial(path, array), affine)


def write_nifti(volume: Volume, path: Path) -> None:
    """Write ``.nii`` or ``.nii.gz`` with qform and sform of code 1 (scanner); the same volume gives the same bytes."""
    import nibabel

    image = nibabel.Nifti1Image(_storable(volume.array), volume.geometry.affine)
    image.set_sform(volume.geometry.affine, code=1)
    image.set_qform(volume.geometry.affine, code=1)
    image.header.set_xyzt_units("mm", "sec")
    content = image.to_bytes()
    if path.name.endswith(".gz"):
        content = gzip.compress(content, compresslevel=3, mtime=0)
    path.write_bytes(content)


def _voxels(path: Path, image: Any) -> Array:
    proxy = image.dataobj
    slope, intercept = proxy.slope, proxy.inter
    stored = _gunzip(path, proxy) if path.name.lower().endswith(".gz") else np.asanyarray(proxy.get_unscaled())
    if (slope, intercept) == (1.0, 0.0):
        return stored
    scaled = stored.astype(np.float32)
    scaled *= np.float32(slope)
    scaled += np.float32(intercept)
    return scaled


def _gunzip(path: Path, proxy: Any) -> NDArray[Any]:
    # Decompressing straight into the array saves the copies that a general reader makes.
    array: NDArray[Any] = np.empty(proxy.shape, dtype=proxy.dtype, order="F")
    target = array.reshape(-1, order="F").view(np.uint8).data
    with gzip.open(path, "rb") as file:
        file.seek(proxy.offset)
        done = 0
        while done < len(target):
            got = file.readinto(target[done : done + (1 << 24)])
            if not got:
                raise EOFError(f"the voxels end after {done} of {len(target)} bytes")
            done += got
    return array


def _storable(array: Array) -> Array:
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        # Many programs read no 64-bit integers.
        limits = np.iinfo(np.int32)
        if array.size and limits.min <= array.min() and array.max() <= limits.max:
            return array.astype(np.int32)
    return array

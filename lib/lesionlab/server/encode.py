"""Volumes as bytes for an HTTP answer, without touching the disk."""

from __future__ import annotations

import base64
import gzip
import zlib
from typing import Any, Literal

import numpy as np

from lesionlab.image.volume import Volume

Suffix = Literal[".nrrd", ".nii", ".nii.gz"]

_NRRD_TYPES = {"uint8": "uint8", "int16": "int16", "uint16": "uint16", "int32": "int32", "float32": "float"}
_LEVEL = 1


def encoded(volume: Volume, suffix: Suffix) -> bytes:
    """A volume as the content of a file of that kind; its affine is kept exactly (NRRD) or to float32 (NIfTI)."""
    if suffix == ".nrrd":
        return _nrrd(volume)
    plain = _nifti(volume)
    return gzip.compress(plain, compresslevel=_LEVEL, mtime=0) if suffix == ".nii.gz" else plain


def as_json(volume: Volume, origin_index: tuple[int, int, int], data: bool) -> dict[str, Any]:
    """A crop as JSON: where it lies on the lattice of its image and, when ``data``, its voxels.

    The voxels are the array (i, j, k) in C order (k runs fastest), little-endian, compressed by zlib, in base64.
    """
    found: dict[str, Any] = {
        "origin_index": list(origin_index),
        "shape": list(volume.array.shape),
        "affine": volume.geometry.affine.tolist(),
    }
    if data:
        array = np.ascontiguousarray(volume.array)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        found["encoding"] = "zlib+base64"
        found["dtype"] = str(array.dtype)
        found["data"] = base64.b64encode(zlib.compress(little.tobytes(), _LEVEL)).decode("ascii")
    return found


def _nrrd(volume: Volume) -> bytes:
    affine, array = volume.geometry.affine_lps, volume.array
    directions = " ".join(_vector(affine[:3, axis]) for axis in range(3))
    header = [
        "NRRD0005",
        f"type: {_NRRD_TYPES[str(array.dtype)]}",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(count) for count in array.shape),
        f"space directions: {directions}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(affine[:3, 3])}",
    ]
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    content = gzip.compress(little.tobytes(order="F"), compresslevel=_LEVEL, mtime=0)
    return "\n".join(header).encode("ascii") + b"\n\n" + content


def _vector(values: Any) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


def _nifti(volume: Volume) -> bytes:
    import nibabel

    image = nibabel.Nifti1Image(volume.array, volume.geometry.affine)
    image.set_sform(volume.geometry.affine, code=1)
    image.set_qform(volume.geometry.affine, code=1)
    image.header.set_xyzt_units("mm", "sec")
    return bytes(image.to_bytes())

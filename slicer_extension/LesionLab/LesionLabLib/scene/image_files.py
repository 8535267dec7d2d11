"""Images as files, written with numpy alone: exactly in register for every affine, sheared ones too.

Formats: NRRD (https://teem.sourceforge.net/nrrd/format.html), NIfTI-1 (https://nifti.nimh.nih.gov/nifti-1). NRRD keeps the
geometry in double precision, NIfTI in single.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from LesionLabLib.errors import LocalFault

from .errors import SceneError

SUFFIXES = (".nrrd", ".nii", ".nii.gz")
_NRRD_TYPES = {"i": "int", "u": "uint", "f": "float"}
_NIFTI_TYPES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MILLIMETRES = 2


def write_image(path: Path, voxels: np.ndarray, affine: np.ndarray) -> None:
    """Write a grey image.

    Args:
        path: Ends with .nrrd (not compressed: the quickest), .nii or .nii.gz.
        voxels: (i, j, k).
        affine: 4x4, index to RAS mm.

    Raises:
        SceneError: another ending.
        LocalFault: the file cannot be written.
    """
    name = path.name.lower()
    little = np.ascontiguousarray(voxels.T)
    little = little.astype(little.dtype.newbyteorder("<"), copy=False)
    if name.endswith(".nrrd"):
        header = _nrrd_header(little.dtype, voxels.shape, affine)
    elif name.endswith((".nii", ".nii.gz")):
        header = _nifti_header(little.dtype, voxels.shape, affine)
    else:
        raise SceneError(f"An image cannot be written as {path.name}: choose a name ending with {', '.join(SUFFIXES)}.")
    try:
        with gzip.open(path, "wb", compresslevel=1) if name.endswith(".gz") else path.open("wb") as file:
            file.write(header)
            file.write(little.reshape(-1).view(np.uint8).data)
    except OSError as error:
        raise LocalFault(f"The image cannot be written to {path}: {error.strerror or error}.") from error


def _nrrd_header(dtype: np.dtype, shape: tuple[int, ...], affine: np.ndarray) -> bytes:
    # ITK reads left-posterior-superior without conversion.
    lps = _LPS @ affine
    names = {"f4": "float", "f8": "double"}
    kind = names.get(dtype.str[1:]) or f"{_NRRD_TYPES[dtype.kind]}{dtype.itemsize * 8}"
    lines = [
        "NRRD0004",
        f"type: {kind}",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(size) for size in shape),
        "space directions: " + " ".join(_vector(lps[:3, axis]) for axis in range(3)),
        "kinds: domain domain domain",
        "endian: little",
        "encoding: raw",
        "space origin: " + _vector(lps[:3, 3]),
    ]
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _vector(values: np.ndarray) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return "(" + ",".join(repr(float(value) + 0.0) for value in values) + ")"


def _nifti_header(dtype: np.dtype, shape: tuple[int, ...], affine: np.ndarray) -> bytes:
    if max(shape) > np.iinfo(np.int16).max:
        raise SceneError("The image is too large for NIfTI; write it as .nrrd.")
    header = bytearray(352)  # 348 of header, 4 of "no extension"
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, _NIFTI_TYPES[dtype.str[1:]], dtype.itemsize * 8)
    struct.pack_into("<8f", header, 76, 1.0, *np.linalg.norm(affine[:3, :3], axis=0), 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    header[123] = _MILLIMETRES
    struct.pack_into("<hh", header, 252, 0, 1)  # no quaternion, one affine: scanner coordinates
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)

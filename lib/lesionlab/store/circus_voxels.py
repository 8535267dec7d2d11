"""Voxel labels of CIRCUS DB: one bit per voxel, x fastest, most significant bit first, no padding of rows or slices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError, TooLargeError
from lesionlab.image.geometry import Index

MAX_BLOB = 20_000_000


@dataclass(frozen=True)
class Packed:
    """A mask as the server stores it: its blob, and its box in the volume (voxels)."""

    blob: bytes
    origin: Index
    size: Index

    @property
    def sha1(self) -> str:
        """The blob's name."""
        return hashlib.sha1(self.blob, usedforsecurity=False).hexdigest()


def pack(mask: NDArray[np.bool_]) -> Packed | None:
    """The tight box around a mask (x, y, z), packed; None when it is empty.

    Raises:
        TooLargeError: the blob is larger than the server takes.
    """
    if not mask.any():
        return None
    filled = [np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    low = [int(along[0]) for along in filled]
    high = [int(along[-1]) + 1 for along in filled]
    box = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    blob = np.packbits(box.ravel(order="F")).tobytes()
    if len(blob) > MAX_BLOB:
        raise TooLargeError("the mask is too large for CIRCUS DB", got=f"{len(blob)} bytes", expected=f"<= {MAX_BLOB}")
    return Packed(blob, (low[0], low[1], low[2]), (box.shape[0], box.shape[1], box.shape[2]))


def unpack(packed: Packed, shape: Index) -> NDArray[np.bool_]:
    """The mask in a volume of ``shape``.

    Raises:
        InputError: the blob does not fit its box, or the box does not fit the volume.
    """
    count = int(np.prod(packed.size, dtype=np.int64))
    if min(packed.size) < 1 or len(packed.blob) != (count + 7) // 8:
        raise InputError(
            "a blob does not fit its size",
            got=f"{len(packed.blob)} bytes for {packed.size} voxels",
            expected=f"{(count + 7) // 8} bytes",
        )
    high = [start + extent for start, extent in zip(packed.origin, packed.size, strict=True)]
    if min(packed.origin) < 0 or any(end > limit for end, limit in zip(high, shape, strict=True)):
        raise InputError(
            "a voxel label reaches out of its volume",
            got=f"origin {packed.origin}, size {packed.size}",
            expected=f"within {shape}",
        )
    bits = np.unpackbits(np.frombuffer(packed.blob, dtype=np.uint8), count=count)
    mask = np.zeros(shape, dtype=bool)
    x, y, z = packed.origin
    mask[x : high[0], y : high[1], z : high[2]] = bits.reshape(packed.size, order="F")
    return mask

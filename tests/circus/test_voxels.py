"""The bits of a voxel label."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from lesionlab.errors import InputError, TooLargeError
from lesionlab.store.circus_voxels import Packed, pack, unpack


def test_bits_run_along_x_first_the_most_significant_first_without_padding() -> None:
    # 3 x 3 x 2 voxels = 18 bits. Set: (0,0,0) -> bit 0, (2,1,0) -> bit 5, (1,2,0) -> bit 7, (0,0,1) -> bit 9, (2,2,1) -> 17.
    mask = np.zeros((6, 6, 6), bool)
    for x, y, z in ((0, 0, 0), (2, 1, 0), (1, 2, 0), (0, 0, 1), (2, 2, 1)):
        mask[x + 1, y + 2, z + 3] = True
    packed = pack(mask)
    assert packed is not None
    assert (packed.origin, packed.size) == ((1, 2, 3), (3, 3, 2))
    assert packed.blob == bytes([0b10000101, 0b01000000, 0b01000000])
    assert packed.sha1 == hashlib.sha1(bytes([0x85, 0x40, 0x40])).hexdigest()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_packed_is_unpacked(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((17, 13, 9), bool)
    mask[2:12, 3:10, 1:7] = random.random((10, 7, 6)) > 0.6
    packed = pack(mask)
    assert packed is not None
    np.testing.assert_array_equal(unpack(packed, mask.shape), mask)


def test_an_empty_mask_has_no_blob() -> None:
    assert pack(np.zeros((3, 3, 3), bool)) is None


def test_a_mask_that_the_server_would_refuse_is_refused_before() -> None:
    mask = np.zeros((560, 560, 520), bool)
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    with pytest.raises(TooLargeError, match="too large for CIRCUS DB; got 20384000 bytes; expected <= 20000000"):
        pack(mask)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (Packed(b"\xff\xff", (0, 0, 0), (2, 2, 2)), "does not fit its size; got 2 bytes.*expected 1 bytes"),
        (Packed(b"\xff", (3, 0, 0), (2, 2, 2)), "reaches out of its volume"),
        (Packed(b"\xff", (-1, 0, 0), (2, 2, 2)), "reaches out of its volume"),
        (Packed(b"", (0, 0, 0), (0, 2, 2)), "does not fit its size"),
    ],
)
def test_a_blob_that_does_not_fit_is_refused(packed: Packed, said: str) -> None:
    with pytest.raises(InputError, match=said):
        unpack(packed, (4, 4, 4))

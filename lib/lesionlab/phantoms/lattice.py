"""The voxels of a simulated volume: how many along (i, j, k), to the left, backwards and upwards, and their spacing."""

from __future__ import annotations

from lesionlab.errors import InputError
from lesionlab.image.geometry import Index, Point

#: Voxels each way.
_LEAST = 8


def check_lattice(shape: Index, spacing_mm: Point) -> None:
    """Refuse what makes no image.

    Raises:
        InputError: too few voxels, or a spacing that is not positive.
    """
    if min(shape) < _LEAST or min(spacing_mm) <= 0:
        expected = f"{_LEAST} voxels or more each way"
        raise InputError("the phantom's lattice is too small", got=shape, expected=expected)


def same_view(shape: Index, spacing_mm: Point, other_mm: Point) -> Index:
    """As many voxels as the same field of view takes at another spacing."""
    i, j, k = (max(_LEAST, round(n * old / new)) for n, old, new in zip(shape, spacing_mm, other_mm, strict=True))
    return i, j, k


def thin_slices(shape: Index, spacing_mm: Point, count: int) -> tuple[Index, Point]:
    """Shape and spacing with ``count`` slices in the place of each."""
    (i, j, k), (step_i, step_j, step_k) = shape, spacing_mm
    return (i, j, k * count), (step_i, step_j, step_k / count)

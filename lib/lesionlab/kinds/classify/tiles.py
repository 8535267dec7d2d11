"""The views of an examination as one picture, two beside each other, and back."""

from __future__ import annotations

from torch import Tensor


def tiled(views: Tensor) -> Tensor:
    """Views (K, h, w) as one picture (1, 1, rows * h, 2 * w), two beside each other."""
    return joined(views[None, :, None])


def untiled(pictures: Tensor, count: int, edges: tuple[int, int]) -> Tensor:
    """(M, 1, rows * h, 2 * w) -> (M, K, h, w); the inverse of :func:`tiled`."""
    h, w = edges
    return (
        pictures.reshape(len(pictures), count // 2, h, 2, w).permute(0, 1, 3, 2, 4).reshape(len(pictures), count, h, w)
    )


def joined(maps: Tensor) -> Tensor:
    """(M, K, F, h, w) -> (M, F, rows * h, 2 * w)."""
    m, k, f, h, w = maps.shape
    return maps.reshape(m, k // 2, 2, f, h, w).permute(0, 3, 1, 4, 2, 5).reshape(m, f, k // 2 * h, 2 * w)

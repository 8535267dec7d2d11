"""Lattices and images that the tests of ``image`` share."""

from __future__ import annotations

import itertools

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume


def oblique_affine(spacing: tuple[float, float, float] = (0.7, 0.9, 2.5), degrees: float = 20.0) -> np.ndarray:
    """RAS affine turned about S and then about R, with an origin away from zero."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about_s = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    about_r = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    affine = np.eye(4)
    affine[:3, :3] = about_r @ about_s @ np.diag(spacing)
    affine[:3, 3] = (-31.5, 12.25, 207.0)
    return affine


def all_48() -> list[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    """Every order of three axes with every choice of flips."""
    orders = list(itertools.permutations(range(3)))
    return [(order, flips) for order in orders for flips in itertools.product((1, -1), repeat=3)]  # type: ignore[misc]


def reordered(volume: Volume, order: tuple[int, int, int], flips: tuple[int, int, int]) -> Volume:
    """The same image in space, stored with its axes in another order and some of them backwards."""
    array = volume.array.transpose(order)[tuple(slice(None, None, flip) for flip in flips)]
    affine = volume.geometry.affine.copy()
    columns = affine[:3, :3][:, list(order)]
    for axis, flip in enumerate(flips):
        if flip < 0:
            affine[:3, 3] += columns[:, axis] * (array.shape[axis] - 1)
            columns[:, axis] *= -1
    affine[:3, :3] = columns
    return Volume(array, Geometry(array.shape, affine))


def put_back(array: np.ndarray, order: tuple[int, int, int], flips: tuple[int, int, int]) -> np.ndarray:
    """What ``reordered`` did to an array, undone."""
    return array[tuple(slice(None, None, flip) for flip in flips)].transpose(np.argsort(order))


def noise(shape: tuple[int, int, int], affine: np.ndarray, seed: int = 0) -> Volume:
    """Whole numbers between -1000 and 2000 as int16."""
    values = np.random.default_rng(seed).integers(-1000, 2000, shape).astype(np.int16)
    return Volume(values, Geometry(shape, affine))

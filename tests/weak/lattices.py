"""Lattices of the tests of weak labels."""

from __future__ import annotations

import numpy as np

from lesionlab.image.geometry import Geometry


def straight(shape: tuple[int, int, int], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Geometry:
    """Axes along R, A, S; the middle of the lattice at the origin."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * s for n, s in zip(shape, spacing, strict=True)]
    return Geometry(shape, affine)


def oblique(shape: tuple[int, int, int], spacing: tuple[float, float, float], origin=(5.0, -7.0, 11.0)) -> Geometry:
    """Axes turned by 30 degrees about S and then by 20 about R; columns run to L, rows to P, as DICOM's do."""
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    about_s = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    about_r = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    affine = np.eye(4)
    affine[:3, :3] = about_r @ about_s @ np.diag([-1.0, -1.0, 1.0]) @ np.diag(spacing)
    affine[:3, 3] = origin
    return Geometry(shape, affine)

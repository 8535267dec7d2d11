"""The sphere that the click and the size describe, whole and scaled to a lesion's usual volume."""

from __future__ import annotations

from benchmarks.peers.peer import ball
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume

#: Longest diameter -> diameter of the sphere of about equal volume.
SCALE = 0.82


def sphere(volume: Volume, point_mm: Point, size_mm: float) -> Volume:
    """Mask of the sphere whose diameter is the size."""
    return ball(volume, point_mm, size_mm)


def scaled_sphere(volume: Volume, point_mm: Point, size_mm: float) -> Volume:
    """Mask of the sphere whose diameter is 0.82 x the size."""
    return ball(volume, point_mm, SCALE * size_mm)

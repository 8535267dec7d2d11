"""The point and size that a weak label amounts to."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.weak.label import (
    Circle,
    Contours,
    Ellipsoid,
    Isodose,
    PointSize,
    Presence,
    RecistLine,
    Sphere,
    WeakLabel,
)
from lesionlab.weak.points import point_and_size

A = (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("label", "size"),
    [
        (PointSize(point_mm=A, size_mm=7.0), 7.0),
        (PointSize(point_mm=A), None),
        (Sphere(center_mm=A, diameter_mm=9.0), 9.0),
        (Circle(center_mm=A, normal=(0.0, 0.6, 0.8), diameter_mm=8.0), 8.0),
        (RecistLine(start_mm=(-2.0, -2.0, 3.0), end_mm=(4.0, 6.0, 3.0)), 10.0),
        (Ellipsoid(center_mm=A, half_axes_mm=((3.0, 0.0, 0.0), (0.0, 3.0, 4.0))), 10.0),
    ],
)
def test_marks_that_say_where_and_how_large(label: WeakLabel, size: float | None) -> None:
    assert point_and_size(label) == (A, size)


def test_other_labels_say_neither() -> None:
    contours = Contours(contours_mm=(((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),))
    for label in (Presence(present=True), Isodose(dose=Path("d.dcm"), level=50), contours):
        assert point_and_size(label) is None

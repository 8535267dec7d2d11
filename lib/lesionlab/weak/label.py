"""What a weak label is. All points are RAS mm; a label says nothing about voxels until ``target`` puts it on a lattice."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import Point


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What every weak label has.

    Attributes:
        image: name of the image, without suffix.
        patient: who it is of; "" where the source does not say.
        reader: who marked it, or None.
        name: the reader's name for the finding, or "".
        trust: weight in (0, 1]: the Dice to expect between the label's target and the true mask; by default what its kind
            usually reaches (docs/weak-labels.md says where the figures come from).
    """

    usual_trust: ClassVar[float] = 0.5

    image: str = ""
    patient: str = ""
    reader: str | None = None
    name: str = ""
    trust: float = -1.0

    def __post_init__(self) -> None:
        if self.trust == -1.0:
            object.__setattr__(self, "trust", self.default_trust())
        if not 0.0 < self.trust <= 1.0:
            raise InputError("trust is out of range", got=self.trust, expected="above 0, at most 1")
        self._check()

    def default_trust(self) -> float:
        """The trust of a label like this one when nobody says otherwise."""
        return self.usual_trust

    def _check(self) -> None:
        """Raise InputError when the geometry is impossible."""


@dataclass(frozen=True, kw_only=True)
class PointSize(Mark):
    """A point in the lesion, and its longest diameter in mm when the reader gave one."""

    usual_trust = 0.6
    point_mm: Point
    size_mm: float | None = None

    def default_trust(self) -> float:
        """Less without a size, or more with a second axis."""
        return self.usual_trust if self.size_mm is not None else 0.3

    def _check(self) -> None:
        _finite(self.point_mm, "point_mm")
        if self.size_mm is not None:
            _positive(self.size_mm, "size_mm")


@dataclass(frozen=True, kw_only=True)
class Sphere(Mark):
    """A sphere round the lesion; its diameter is the lesion's longest."""

    usual_trust = 0.67
    center_mm: Point
    diameter_mm: float

    def _check(self) -> None:
        _finite(self.center_mm, "center_mm")
        _positive(self.diameter_mm, "diameter_mm")


@dataclass(frozen=True, kw_only=True)
class Ellipsoid(Mark):
    """An ellipsoid (three half axes) or a flat ellipse (two half axes) fitted to the lesion.

    Attributes:
        half_axes_mm: vectors from the centre to the surface, at right angles to each other.
        outline: what was drawn: the ellipsoid itself, or the box (rectangle) that it fills.
    """

    usual_trust = 0.75
    center_mm: Point
    half_axes_mm: tuple[Point, Point] | tuple[Point, Point, Point]
    outline: Literal["ellipsoid", "box"] = "ellipsoid"

    def _check(self) -> None:
        _finite(self.center_mm, "center_mm")
        axes = np.asarray(self.half_axes_mm, dtype=float)
        if axes.shape not in ((2, 3), (3, 3)) or not np.isfinite(axes).all():
            raise InputError("half_axes_mm are wrong", got=axes.tolist(), expected="two or three vectors")
        lengths = np.linalg.norm(axes, axis=1)
        _positive(float(lengths.min()), "a half axis")
        cosines = (axes / lengths[:, None]) @ (axes / lengths[:, None]).T - np.eye(len(axes))
        if np.abs(cosines).max() > 1e-3:
            raise InputError("half axes are not at right angles", got=axes.tolist(), expected="right angles")


@dataclass(frozen=True, kw_only=True)
class Circle(Mark):
    """A circle round the lesion in one plane.

    Attributes:
        normal: unit vector (RAS) across the plane.
        diameter_mm: the lesion's longest diameter in the plane.
    """

    usual_trust = 0.7
    center_mm: Point
    normal: Point
    diameter_mm: float

    def _check(self) -> None:
        _finite(self.center_mm, "center_mm")
        _positive(self.diameter_mm, "diameter_mm")
        _finite(self.normal, "normal")
        if abs(math.hypot(*self.normal) - 1.0) > 1e-4:
            raise InputError("the normal is no unit vector", got=self.normal, expected="length 1")


@dataclass(frozen=True, kw_only=True)
class RecistLine(Mark):
    """The longest diameter in a slice, from end to end, and across it the short axis when it was measured."""

    usual_trust = 0.62
    start_mm: Point
    end_mm: Point
    short_mm: tuple[Point, Point] | None = None

    def default_trust(self) -> float:
        """Less without a size, or more with a second axis."""
        return self.usual_trust if self.short_mm is None else 0.72

    def _check(self) -> None:
        for point in (self.start_mm, self.end_mm, *(self.short_mm or ())):
            _finite(point, "an end of the line")
        _positive(self.length_mm, "the length of the line")
        if self.short_mm is not None:
            _positive(math.dist(*self.short_mm), "the length of the short axis")

    @property
    def length_mm(self) -> float:
        """From end to end."""
        return math.dist(self.start_mm, self.end_mm)


@dataclass(frozen=True, kw_only=True)
class Isodose(Mark):
    """The region that receives at least a dose.

    Attributes:
        dose: the DICOM RTDOSE file.
        level: the threshold, in ``unit``.
        unit: "percent" of the largest dose, or "gy".
    """

    usual_trust = 0.65
    dose: Path
    level: float
    unit: Literal["percent", "gy"] = "percent"

    def _check(self) -> None:
        _positive(self.level, "level")
        if self.unit == "percent" and self.level > 100:
            raise InputError("level is above the largest dose", got=self.level, expected="at most 100 percent")


@dataclass(frozen=True, kw_only=True)
class Contours(Mark):
    """Outlines in parallel planes; an outline within another is a hole.

    Attributes:
        contours_mm: closed polygons of at least three points each, first point not repeated.
    """

    usual_trust = 0.85
    contours_mm: tuple[tuple[Point, ...], ...]

    def _check(self) -> None:
        if not self.contours_mm:
            raise InputError("there is no contour", expected="at least one")
        for contour in self.contours_mm:
            if len(contour) < 3:
                raise InputError("a contour is too short", got=len(contour), expected="at least three points")
            if not np.isfinite(np.asarray(contour, dtype=float)).all():
                raise InputError("a contour is not finite", expected="RAS millimetres")


@dataclass(frozen=True, kw_only=True)
class Presence(Mark):
    """Only whether the image shows disease."""

    usual_trust = 0.9
    present: bool


WeakLabel: TypeAlias = PointSize | Sphere | Ellipsoid | Circle | RecistLine | Isodose | Contours | Presence


def of_image(label: WeakLabel, image: str, patient: str = "") -> WeakLabel:
    """The label, said to be of ``image`` and, unless it names one already, of ``patient``."""
    return replace(label, image=image, patient=label.patient or patient)


def common(mark: Mark) -> dict[str, str | float | None]:
    """The fields that every label has, to make another label of the same image, reader and name."""
    return {field.name: getattr(mark, field.name) for field in fields(Mark) if field.name != "trust"}


def _finite(values: tuple[float, ...], what: str) -> None:
    if len(values) != 3 or not all(math.isfinite(value) for value in values):
        raise InputError(f"{what} is no point", got=values, expected="three finite numbers, RAS mm")


def _positive(value: float, what: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{what} is not positive", got=value, expected="a number above zero")

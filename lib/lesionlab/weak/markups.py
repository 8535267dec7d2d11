"""Weak labels from 3D Slicer's markups (``.mrk.json``); ``markups_write`` writes them.

A point list holds points (a size in the control point's description: ``size_mm=12.5``), a line is a RECIST line, a
closed curve whose points lie on a circle is a circle, any other closed curve a contour, and a ROI box is an ellipsoid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Point
from lesionlab.task import nearest
from lesionlab.weak.label import (
    Circle,
    Contours,
    Ellipsoid,
    PointSize,
    RecistLine,
    Sphere,
    WeakLabel,
    common,
)
from lesionlab.weak.markup_model import SHORT_AXIS, ControlPoint, Markup, read_file

#: The shape of points that say what does not belong to a lesion: hints for an outline, no labels.
_EXCLUDE = "exclude"
_SETTINGS = ("size_mm", "shape", "reader", "trust")
_ROUND = 0.05  # of the radius: how far the points of a circle may lie off it


def read_markups(path: Path, image: str = "", patient: str = "") -> tuple[WeakLabel, ...]:
    """Read the weak labels of a ``.mrk.json``; markups of other types (planes, angles, open curves) are refused.

    Raises:
        InputError: names the file and the markup that cannot be read.
    """
    found: list[WeakLabel] = []
    for number, markup in enumerate(read_file(path).markups):
        place = f"{path}: markup {number} ({markup.type})"
        if markup.units != "mm":
            raise InputError(f"{place} is not in millimetres", got=markup.units, expected="mm")
        found += _read(markup, place, found, {"image": image, "patient": patient})
    return tuple(found)


def _read(markup: Markup, place: str, before: list[WeakLabel], source: dict[str, str]) -> list[WeakLabel]:
    points = [point for point in markup.control_points if point.position_status == "defined" and point.position]
    places = [_ras(point.position, markup) for point in points if point.position]
    settings = [_settings(point, place) for point in points]
    match markup.type:
        case "Fiducial":
            marked = [both for both in zip(points, places, settings, strict=True) if both[2].get("shape") != _EXCLUDE]
            return [_point(*both, place, source) for both in marked]
        case "Line" if len(places) == 2:
            line: dict[str, Any] = {**source, **_shared(settings[0]), "name": _name(points)}
            if before and isinstance(before[-1], RecistLine) and _name(points) == SHORT_AXIS:
                long = before.pop()
                assert isinstance(long, RecistLine)
                trusted = {} if long.trust == RecistLine.usual_trust else {"trust": long.trust}
                return [
                    RecistLine(
                        **{**common(long), **trusted},  # type: ignore[arg-type]
                        start_mm=long.start_mm,
                        end_mm=long.end_mm,
                        short_mm=(places[0], places[1]),
                    )
                ]
            return [RecistLine(start_mm=places[0], end_mm=places[1], **line)]
        case "ClosedCurve" if len(places) >= 3:
            shared = {**source, **_shared(settings[0]), "name": _name(points)}
            return [_circle(places, shared) or Contours(contours_mm=(tuple(places),), **shared)]
        case "ROI":
            return [_box(markup, place, source)]
        case _:
            raise InputError(
                f"{place} is no weak label",
                got=f"{len(places)} placed points",
                expected="a point list, a line of 2 points, a closed curve of at least 3, or a ROI",
            )


def _point(
    point: ControlPoint, at: Point, settings: dict[str, str], place: str, source: dict[str, str]
) -> PointSize | Sphere:
    size = _number(settings, "size_mm", place)
    shared: dict[str, Any] = {**source, **_shared(settings), "name": point.label}
    if settings.get("shape") == "sphere":
        if size is None:
            raise InputError(f"{place}: a sphere has no size", expected="size_mm=... in the point's description")
        return Sphere(center_mm=at, diameter_mm=size, **shared)
    return PointSize(point_mm=at, size_mm=size, **shared)


def _circle(points: Sequence[Point], shared: dict[str, Any]) -> Circle | None:
    """The circle through at least four points, or None when they do not lie on one."""
    if len(points) < 4:
        return None
    places = np.asarray(points)
    middle = places.mean(axis=0)
    _, spread, axes = np.linalg.svd(places - middle, full_matrices=False)
    flat = (places - middle) @ axes[:2].T
    # |p|^2 = 2 p.c + (r^2 - |c|^2) is linear in centre and radius.
    system = np.column_stack([2 * flat, np.ones(len(flat))])
    solved, *_ = np.linalg.lstsq(system, (flat**2).sum(axis=1), rcond=None)
    radius = math.sqrt(max(float(solved[2] + solved[:2] @ solved[:2]), 0.0))
    off = np.abs(np.linalg.norm(flat - solved[:2], axis=1) - radius)
    if radius == 0.0 or off.max() > _ROUND * radius or spread[2] > _ROUND * radius or _largest_gap(flat, solved) > 2.2:
        return None
    return Circle(
        center_mm=_triple(middle + solved[:2] @ axes[:2]), normal=_triple(axes[2]), diameter_mm=2 * radius, **shared
    )


def _largest_gap(flat: FloatArray, solved: FloatArray) -> float:
    """Radians between neighbouring points as seen from the centre; an arc is no circle."""
    angles = np.sort(np.arctan2(*(flat - solved[:2]).T))
    return float(np.diff(np.append(angles, angles[0] + 2 * math.pi)).max())


def _box(markup: Markup, place: str, source: dict[str, str]) -> Ellipsoid:
    if markup.center is None or markup.size is None or markup.roi_type not in ("Box", "BoundingBox"):
        raise InputError(f"{place} is no box", got=markup.roi_type, expected="roiType Box with center and size")
    turned = np.asarray(markup.orientation or np.eye(3).ravel(), dtype=float).reshape(3, 3)
    flip = np.eye(3) if markup.is_ras else np.diag([-1.0, -1.0, 1.0])
    # The columns of the orientation are the box's axes.
    axes = (flip @ turned).T * np.asarray(markup.size)[:, None] / 2
    settings = _settings(markup.control_points[0], place) if markup.control_points else {}
    shared: dict[str, Any] = {**source, **_shared(settings), "name": _name(markup.control_points)}
    # A box without thickness is a rectangle: the ellipse within it.
    half_axes: Any = tuple(_triple(axis) for axis in axes if np.linalg.norm(axis) > 0)
    outline: Literal["ellipsoid", "box"] = "ellipsoid" if settings.get("shape") == "ellipsoid" else "box"
    return Ellipsoid(center_mm=_ras(markup.center, markup), half_axes_mm=half_axes, outline=outline, **shared)


def _settings(point: ControlPoint, place: str) -> dict[str, str]:
    """``size_mm=12.5; reader=Ann`` as a mapping; text without "=" is a remark of the reader's."""
    found: dict[str, str] = {}
    for part in point.description.split(";"):
        name, sign, value = (text.strip() for text in part.partition("="))
        if not sign:
            continue
        if name not in _SETTINGS:
            raise InputError(
                f"{place}: unknown setting in the description of a point",
                got=part.strip(),
                expected=f"one of {', '.join(_SETTINGS)}",
                hint=nearest(name, list(_SETTINGS)),
            )
        found[name] = value
    return found


def _shared(settings: dict[str, str]) -> dict[str, Any]:
    trust = _number(settings, "trust", "a markup")
    reader: dict[str, Any] = {"reader": settings["reader"]} if "reader" in settings else {}
    return reader if trust is None else {**reader, "trust": trust}


def _number(settings: dict[str, str], name: str, place: str) -> float | None:
    if name not in settings:
        return None
    try:
        return float(settings[name])
    except ValueError as error:
        raise InputError(f"{place}: {name} is not a number", got=settings[name], expected="such as 12.5") from error


def _name(points: Sequence[ControlPoint]) -> str:
    return points[0].label if points else ""


def _ras(position: Point, markup: Markup) -> Point:
    x, y, z = position
    return (x, y, z) if markup.is_ras else (-x, -y, z)


def _triple(values: FloatArray) -> Point:
    r, a, s = (float(value) for value in values)
    return r, a, s

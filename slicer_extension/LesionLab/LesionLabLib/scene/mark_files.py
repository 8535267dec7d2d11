"""Marks as Slicer markups (`.mrk.json`), one markup a mark, so that 3D Slicer opens them without this extension.

What markups have no place for stands in the description of the control points, as ``name=value`` or as a remark, separated by
semicolons: ``size_mm=12.5``; ``shape=candidate``, ``isodose`` or ``exclude``; ``lesion ID``; ``estimated size 12.5 mm`` when the
reader gave none; ``isodose at 50 %``; ``finished``. Points that do not belong to a lesion are a point list of their own. Schema:
https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from LesionLabLib.errors import LocalFault

from . import mark_shapes
from .errors import SceneError
from .values import CANDIDATE, CIRCLE, ISODOSE, LINE, ORANGE, SPHERE, Mark, Point

_SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_EXCLUDE, _FINISHED = "exclude", "finished"
_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_TYPES = {LINE: "Line", CIRCLE: "ClosedCurve"}


def write_marks(path: Path, marks: Iterable[Mark]) -> None:
    """Write marks.

    Raises:
        LocalFault: the file cannot be written.
    """
    markups = [markup for mark in marks for markup in _markups(mark)]
    try:
        path.write_text(json.dumps({"@schema": _SCHEMA, "markups": markups}, indent=1), encoding="utf-8")
    except OSError as error:
        raise LocalFault(f"The marks cannot be written to {path}: {error.strerror or error}.") from error


def read_marks(path: Path) -> tuple[Mark, ...]:
    """Read marks: ours, and points, lines, closed curves and ROIs of others; markups of other types are passed over.

    Raises:
        LocalFault: the file cannot be read.
        SceneError: it holds no markups.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        markups = content["markups"]
        marks: dict[str, Mark] = {}
        for markup in markups:
            for mark in _read(markup, marks):
                marks[mark.id] = mark
    except OSError as error:
        raise LocalFault(f"The marks cannot be read from {path}: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SceneError(f"{path.name} holds no Slicer markups ({type(error).__name__}: {error}).") from error
    return tuple(marks.values())


def _markups(mark: Mark) -> list[dict]:
    body = mark_shapes.body_points(mark)
    kind = _TYPES.get(mark.shape, "Fiducial") if len(body) > 1 else "Fiducial"
    found = [_markup(kind, mark.name, body, _described(mark), mark)]
    if mark.exclude_mm:
        described = f"shape={_EXCLUDE}; lesion {mark.id}"
        found.append(_markup("Fiducial", f"not {mark.name}", mark.exclude_mm, described, mark))
    return found


def _markup(kind: str, name: str, points: Sequence[Point], description: str, mark: Mark) -> dict:
    return {
        "type": kind,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "name": name,
        "locked": mark.frozen,
        "labelFormat": "%N",
        "controlPoints": [
            {
                "id": str(number),
                "label": name,
                "description": description,
                "position": [-point[0], -point[1], point[2]],
                "selected": True,
                "locked": False,
                "visibility": True,
                "positionStatus": "defined",
            }
            for number, point in enumerate(points, start=1)
        ],
        "display": {"color": list(mark.colour), "selectedColor": list(mark.colour)},
    }


def _described(mark: Mark) -> str:
    parts = [f"lesion {mark.id}"]
    if mark.size_mm is not None and mark.size_given:
        parts.append(f"size_mm={mark.size_mm!r}")
    elif mark.size_mm is not None:
        parts.append(f"estimated size {mark.size_mm!r} mm")
    if mark.shape in (CANDIDATE, ISODOSE):
        parts.append(f"shape={mark.shape}")
    if mark.percent is not None:
        parts.append(f"isodose at {mark.percent!r} %")
    if mark.frozen:
        parts.append(_FINISHED)
    return "; ".join(parts)


def _read(markup: dict, before: dict[str, Mark]) -> list[Mark]:
    points = [point for point in markup.get("controlPoints", ()) if point.get("positionStatus", "defined") == "defined"]
    system = markup.get("coordinateSystem", "LPS")
    places = [_ras(point["position"], system) for point in points]
    kind = markup["type"]
    if not points:
        return []
    first = _mark(markup, points[0], places[0])
    if kind == "Fiducial":
        return _read_points(markup, points, places, before)
    if kind == "Line" and len(places) == 2:
        return [mark_shapes.line(first, places[0], places[1])]
    if kind == "ClosedCurve" and len(places) >= 3:
        return [_closed_curve(first, places)]
    if kind == "ROI" and markup.get("center") and markup.get("size"):
        size = max(float(side) for side in markup["size"])
        return [replace(first, point_mm=_ras(markup["center"], system), size_mm=size, size_given=True)]
    return []


def _read_points(markup: dict, points: list[dict], places: list[Point], before: dict[str, Mark]) -> list[Mark]:
    found: list[Mark] = []
    for point, place in zip(points, places):
        if f"shape={_EXCLUDE}" not in _parts(point):
            found.append(_mark(markup, point, place))
            continue
        owner = _lesion_id(point)
        if owner in before:
            before[owner] = replace(before[owner], exclude_mm=(*before[owner].exclude_mm, place))
    return found


def _closed_curve(mark: Mark, places: list[Point]) -> Mark:
    """A circle, or the ball as wide as the outline."""
    circle = mark_shapes.circle_through(places)
    if circle is not None:
        centre, diameter, axis = circle
        return replace(mark, shape=CIRCLE, point_mm=centre, size_mm=diameter, size_given=True, normal_axis=axis)
    middle = tuple(sum(axis) / len(places) for axis in zip(*places))
    widest = max(math.dist(a, b) for a in places for b in places)
    return replace(mark, point_mm=(middle[0], middle[1], middle[2]), size_mm=widest, size_given=True)


def _mark(markup: dict, point: dict, place: Point) -> Mark:
    described = "; ".join(_parts(point))
    given = re.search(rf"size_mm={_NUMBER}", described)
    estimated = re.search(rf"estimated size {_NUMBER} mm", described)
    size = given or estimated
    shape = re.search(rf"shape=({CANDIDATE}|{ISODOSE})", described)
    percent = re.search(rf"isodose at {_NUMBER} %", described)
    colour = markup.get("display", {}).get("selectedColor", ORANGE)
    return Mark(
        id=_lesion_id(point) or uuid.uuid4().hex[:8],
        name=str(markup.get("name") or point.get("label") or "Lesion"),
        shape=shape.group(1) if shape else SPHERE,
        point_mm=place,
        size_mm=float(size.group(1)) if size else None,
        size_given=given is not None,
        percent=float(percent.group(1)) if percent else None,
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        frozen=_FINISHED in _parts(point),
    )


def _lesion_id(point: dict) -> str:
    """Empty for a point of others."""
    return next((part[len("lesion ") :] for part in _parts(point) if part.startswith("lesion ")), "")


def _parts(point: dict) -> list[str]:
    return [part.strip() for part in str(point.get("description", "")).split(";")]


def _ras(position: Sequence[float], system: object) -> Point:
    x, y, z = (float(value) for value in position)
    return (x, y, z) if str(system) in ("RAS", "1") else (-x, -y, z)

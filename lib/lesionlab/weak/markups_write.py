"""Weak labels as 3D Slicer's markups (``.mrk.json``), in LPS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Point
from lesionlab.weak.label import Circle, Contours, Ellipsoid, PointSize, RecistLine, Sphere, WeakLabel
from lesionlab.weak.markup_model import SHORT_AXIS, write_file
from lesionlab.weak.target import across

_CIRCLE_POINTS = 12


def write_markups(path: Path, labels: Iterable[WeakLabel]) -> None:
    """Write labels as markups in LPS; ``markups.read_markups`` gives them back.

    Raises:
        InputError: a label has no markup (isodose, presence).
    """
    write_file(path, [markup for label in labels for markup in _markups(label)])


def _markups(label: WeakLabel) -> list[dict[str, Any]]:
    match label:
        case PointSize(point_mm=point, size_mm=size):
            return [_node("Fiducial", [point], label, size_mm=size)]
        case Sphere(center_mm=center, diameter_mm=diameter):
            return [_node("Fiducial", [center], label, size_mm=diameter, shape="sphere")]
        case RecistLine(start_mm=start, end_mm=end, short_mm=short):
            rest = [] if short is None else [{**_node("Line", list(short), label), "name": SHORT_AXIS}]
            for node in rest:
                for point in node["controlPoints"]:
                    point["label"] = SHORT_AXIS
            return [_node("Line", [start, end], label), *rest]
        case Circle(center_mm=center, normal=normal, diameter_mm=diameter):
            turns = np.arange(_CIRCLE_POINTS) * (2 * math.pi / _CIRCLE_POINTS)
            round_it = np.column_stack([np.cos(turns), np.sin(turns)]) @ across(normal) * (diameter / 2)
            return [_node("ClosedCurve", [_triple(center + step) for step in round_it], label)]
        case Contours(contours_mm=contours):
            return [_node("ClosedCurve", list(contour), label) for contour in contours]
        case Ellipsoid(center_mm=center, half_axes_mm=axes):
            return [_roi(label, center, np.asarray(axes, dtype=float))]
        case _:
            raise InputError(
                "this label has no markup in 3D Slicer",
                got=type(label).__name__,
                expected="a point, sphere, line, circle, contour or ellipsoid",
            )


def _node(kind: str, points: Sequence[Point], label: WeakLabel, **settings: object) -> dict[str, Any]:
    description = _described(label, **settings)
    return {
        "type": kind,
        "name": label.name or type(label).__name__,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "controlPoints": [
            {
                "id": str(number),
                "label": label.name,
                "description": description,
                "position": [-point[0], -point[1], point[2]],
                "positionStatus": "defined",
            }
            for number, point in enumerate(points, start=1)
        ],
    }


def _roi(label: Ellipsoid, center: Point, axes: FloatArray) -> dict[str, Any]:
    lengths = np.linalg.norm(axes, axis=1)
    if len(axes) == 2:
        axes, lengths = np.vstack([axes, np.cross(*axes) / lengths.prod()]), np.append(lengths, 0.0)
    units = np.where(lengths > 0, lengths, 1.0)
    turned = np.diag([-1.0, -1.0, 1.0]) @ (axes / units[:, None]).T
    node = _node("ROI", [center], label, shape=label.outline)
    box = {"roiType": "Box", "center": [-center[0], -center[1], center[2]], "size": (2 * lengths).tolist()}
    return {**node, **box, "orientation": turned.ravel().tolist()}


def _described(label: WeakLabel, **settings: object) -> str:
    usual = label.default_trust()
    given = {**settings, "reader": label.reader, "trust": None if label.trust == usual else label.trust}
    return "; ".join(f"{name}={value}" for name, value in given.items() if value is not None)


def _triple(values: FloatArray) -> Point:
    r, a, s = (float(value) for value in values)
    return r, a, s

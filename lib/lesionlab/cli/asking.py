"""The image, the place and the size that a task is asked about, on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lesionlab.cli.parsing import number
from lesionlab.errors import InputError

if TYPE_CHECKING:
    from lesionlab.image.geometry import Geometry, Point
    from lesionlab.kinds.kind import Request
    from lesionlab.task import Task


def add_question(parser: argparse.ArgumentParser) -> None:
    """TASK, IMAGE, and where to look."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("image", metavar="IMAGE", type=Path, help="an image file, or the folder of a DICOM series")
    point = parser.add_mutually_exclusive_group()
    mm = number("mm")
    point.add_argument("--point-mm", metavar=("R", "A", "S"), nargs=3, type=mm, help="a point in the lesion, RAS mm")
    point.add_argument(
        "--point-voxel",
        metavar="I",
        nargs="+",
        type=number("voxels"),
        help="the same as voxel indices I J K from 0; X Y on a plane",
    )
    parser.add_argument("--size-mm", metavar="D", type=number("mm", above=0), help="its longest diameter, mm")
    parser.add_argument(
        "--exclude-mm",
        metavar=("R", "A", "S"),
        nargs=3,
        type=mm,
        action="append",
        help="a point that does not belong to the lesion, RAS mm; repeatable",
    )


def check_point(args: argparse.Namespace, task: Task, request_type: type[Request]) -> None:
    """Refuse a question without the point that the task needs.

    Raises:
        InputError: it is missing.
    """
    needed = request_type.model_fields.get("point_mm")
    if needed is not None and needed.is_required() and args.point_mm is None and args.point_voxel is None:
        raise InputError(f"task {task.name} needs a point", expected="--point-mm R A S, or --point-voxel I J K")


def params_of(args: argparse.Namespace, geometry: Geometry) -> dict[str, Any]:
    """What was asked, in the fields of the task's request."""
    points = [] if args.point_mm is None else [("--point-mm", _point(args.point_mm))]
    if args.point_voxel is not None:
        points = [("--point-voxel", geometry.index_to_ras(_voxel(args.point_voxel, geometry)))]
    excluded = [_point(values) for values in args.exclude_mm or []]
    for option, point in [*points, *(("--exclude-mm", point) for point in excluded)]:
        _check_inside(option, point, geometry)
    params: dict[str, Any] = {} if not points else {"point_mm": list(points[0][1])}
    if args.size_mm is not None:
        params["size_mm"] = args.size_mm
    if excluded:
        params["exclude_mm"] = [list(point) for point in excluded]
    return params


def _check_inside(option: str, point: Point, geometry: Geometry) -> None:
    # Before the network is loaded, so that a slip costs no seconds; and in both conventions, to show which was meant.
    if not geometry.contains(point):
        index = ", ".join(f"{i:.1f}" for i in geometry.ras_to_index(point))
        most = ", ".join(str(n - 1) for n in geometry.shape)
        got = f"RAS mm ({', '.join(f'{x:.1f}' for x in point)}), which is voxel ({index})"
        raise InputError(f"{option} lies outside the image", got=got, expected=f"voxels 0, 0, 0 to {most}")


def _voxel(values: list[float], geometry: Geometry) -> Point:
    if len(values) == 2 and geometry.shape[2] == 1:
        return values[0], values[1], 0.0
    if len(values) != 3:
        wanted = "X Y, or I J K" if geometry.shape[2] == 1 else "I J K"
        raise InputError("--point-voxel has another number of indices", got=str(len(values)), expected=wanted)
    return _point(values)


def _point(values: list[float]) -> Point:
    r, a, s = values
    return r, a, s

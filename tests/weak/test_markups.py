"""Slicer's markups: LPS and RAS, and back."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.weak.label import Circle, Contours, Ellipsoid, Isodose, PointSize, RecistLine, Sphere, WeakLabel
from lesionlab.weak.markups import read_markups
from lesionlab.weak.markups_write import write_markups


def saved(path: Path, *markups: dict) -> Path:
    path.write_text(json.dumps({"@schema": "x", "markups": list(markups)}))
    return path


def markup(kind: str, *positions: list[float], system: str = "LPS", description: str = "", **more: object) -> dict:
    points = [{"id": str(n), "label": "L-1", "description": description, "position": at, "positionStatus": "defined",
               "selected": True} for n, at in enumerate(positions)]  # fmt: skip
    return {"type": kind, "coordinateSystem": system, "coordinateUnits": "mm", "controlPoints": points,
            "display": {"color": [1, 0, 0]}, **more}  # fmt: skip


@pytest.mark.parametrize(("system", "position"), [("LPS", [42.5, -18.0, -101.0]), ("RAS", [-42.5, 18.0, -101.0])])
def test_a_point_with_a_size_is_the_same_in_lps_and_ras(tmp_path: Path, system: str, position: list[float]) -> None:
    file = saved(tmp_path / "a.mrk.json", markup("Fiducial", position, system=system, description="size_mm=14"))
    assert read_markups(file, "a", "p1") == (
        PointSize(image="a", patient="p1", name="L-1", point_mm=(-42.5, 18.0, -101.0), size_mm=14.0),
    )


def test_a_point_that_was_not_placed_is_passed_over(tmp_path: Path) -> None:
    content = markup("Fiducial", [1, 2, 3], [4, 5, 6])
    content["controlPoints"][0]["positionStatus"] = "undefined"
    assert [label.point_mm for label in read_markups(saved(tmp_path / "a.mrk.json", content))] == [(-4, -5, 6)]


def test_points_that_exclude_a_neighbour_are_no_lesions(tmp_path: Path) -> None:
    wanted = markup("Fiducial", [0, 0, 0], description="size_mm=9")
    excluded = markup("Fiducial", [5, 5, 5], description="shape=exclude; lesion L-1")
    assert len(read_markups(saved(tmp_path / "a.mrk.json", wanted, excluded))) == 1


def test_a_line_is_a_recist_line_of_its_length(tmp_path: Path) -> None:
    (line,) = read_markups(saved(tmp_path / "a.mrk.json", markup("Line", [0, 0, 5], [-3, -4, 5])))
    assert isinstance(line, RecistLine)
    assert (line.start_mm, line.end_mm, line.length_mm) == ((0, 0, 5), (3, 4, 5), 5.0)


def test_four_points_on_a_circle_are_that_circle(tmp_path: Path) -> None:
    round_it = [[10 + 6 * math.cos(a), -20.0, 30 + 6 * math.sin(a)] for a in (0.3, 1.9, 3.4, 5.0)]
    (circle,) = read_markups(saved(tmp_path / "a.mrk.json", markup("ClosedCurve", *round_it)))
    assert isinstance(circle, Circle)
    assert circle.diameter_mm == pytest.approx(12.0)
    np.testing.assert_allclose(circle.center_mm, (-10, 20, 30), atol=1e-9)
    np.testing.assert_allclose(np.abs(circle.normal), (0, 1, 0), atol=1e-9)


def test_a_closed_curve_that_is_no_circle_is_a_contour(tmp_path: Path) -> None:
    corners = [[0, 0, 0], [20, 0, 0], [20, 5, 0], [10, 5, 0], [0, 5, 0]]
    (contour,) = read_markups(saved(tmp_path / "a.mrk.json", markup("ClosedCurve", *corners)))
    assert isinstance(contour, Contours)
    assert contour.contours_mm[0][2] == (-20, -5, 0)


def test_a_roi_box_is_the_ellipsoid_that_fills_it(tmp_path: Path) -> None:
    turned = [0, -1, 0, 1, 0, 0, 0, 0, 1]  # the box's first axis runs along P, its second along R
    roi = markup("ROI", [1, 2, 3], center=[1, 2, 3], orientation=turned, size=[10, 20, 30], roiType="Box")
    (box,) = read_markups(saved(tmp_path / "a.mrk.json", roi))
    assert isinstance(box, Ellipsoid)
    assert (box.center_mm, box.outline) == ((-1, -2, 3), "box")
    np.testing.assert_allclose(box.half_axes_mm, [[0, -5, 0], [10, 0, 0], [0, 0, 15]], atol=1e-12)


LABELS: tuple[WeakLabel, ...] = (
    PointSize(image="a", patient="p", reader="Ann B", point_mm=(1.5, -2.25, 3.0), size_mm=12.5, name="nodule"),
    PointSize(image="a", patient="p", point_mm=(0.1, 0.2, 0.3)),
    Sphere(image="a", patient="p", center_mm=(1.0, 2.0, 3.0), diameter_mm=7.0, trust=0.5),
    RecistLine(image="a", patient="p", start_mm=(0, 0, 0), end_mm=(10, 0, 0)),
    RecistLine(image="a", patient="p", name="mass", start_mm=(0, 0, 9), end_mm=(10, 0, 9), short_mm=((5, -3, 9), (5, 3, 9))),
    Ellipsoid(image="a", patient="p", center_mm=(4, 5, 6), half_axes_mm=((0, 2, 0), (3, 0, 0), (0, 0, 4)), outline="box"),
    Ellipsoid(image="a", patient="p", center_mm=(4, 5, 6), half_axes_mm=((0, 2, 0), (3, 0, 0))),
    Contours(image="a", patient="p", contours_mm=(((0, 0, 1), (9, 0, 1), (9, 2, 1), (0, 2, 1)),)),
)  # fmt: skip


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "all.mrk.json"
    write_markups(path, LABELS)
    assert read_markups(path, "a", "p") == LABELS


def test_a_circle_comes_back_with_its_centre_normal_and_diameter(tmp_path: Path) -> None:
    circle = Circle(image="a", center_mm=(3, 4, 5), normal=(0.6, 0.0, 0.8), diameter_mm=22.0)
    write_markups(tmp_path / "c.mrk.json", [circle])
    (back,) = read_markups(tmp_path / "c.mrk.json", "a")
    assert isinstance(back, Circle)
    np.testing.assert_allclose(back.center_mm, circle.center_mm, atol=1e-9)
    assert abs(np.dot(back.normal, circle.normal)) == pytest.approx(1.0)
    assert back.diameter_mm == pytest.approx(22.0)


def test_an_isodose_has_no_markup(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no markup in 3D Slicer; got Isodose"):
        write_markups(tmp_path / "x.mrk.json", [Isodose(dose=tmp_path / "d.dcm", level=50.0)])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ('{"markups": 3}', "markups: Input should be a valid tuple; got 3"),
        (json.dumps({"markups": [markup("Plane", [0, 0, 0])]}), r"markup 0 \(Plane\) is no weak label"),
        (json.dumps({"markups": [markup("Line", [0, 0, 0])]}), r"markup 0 \(Line\) is no weak label; got 1 placed"),
        (json.dumps({"markups": [markup("Fiducial", [0, 0, 0], coordinateUnits="cm")]}), "not in millimetres; got cm"),
        (
            json.dumps({"markups": [markup("Fiducial", [0, 0, 0], description="size=4")]}),
            "unknown setting.*got size=4.*did you mean 'size_mm'",
        ),
        (
            json.dumps({"markups": [markup("Fiducial", [0, 0, 0], description="size_mm=big")]}),
            "size_mm is not a number",
        ),
        (json.dumps({"markups": [markup("Fiducial", [0, 0, 0], system="XYZ")]}), "coordinateSystem"),
    ],
)
def test_a_file_that_is_no_markup_says_why(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bad.mrk.json").write_text(content)
    with pytest.raises(InputError, match=said):
        read_markups(tmp_path / "bad.mrk.json")

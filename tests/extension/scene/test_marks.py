"""Marks: drawn, dragged, written, read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import slicer

from lesionlab.weak.label import Circle, PointSize, RecistLine
from lesionlab.weak.markups import read_markups
from LesionLabLib.errors import LocalFault
from LesionLabLib.scene import Mark, SceneError
from LesionLabLib.workflow.state import Lesion
from tests.extension.scene.parts import nodes_of

SPHERE = Mark("s1", "Lesion 1", "sphere", (10.5, -20.25, 30.125), 12.5, True, colour=(0.25, 0.5, 1.0))
LINE = Mark("l1", "Lesion 2", "line", (3.0, 4.0, 9.0), 10.0, True, ends_mm=((0.0, 0.0, 9.0), (6.0, 8.0, 9.0)))
CIRCLE = Mark("c1", "Lesion 3", "circle", (1.0, 2.0, 3.0), 8.0, True, normal_axis=1)
GUESSED = Mark("g1", "Lesion 4", "candidate", (5.0, 5.0, 5.0), 7.25, False, frozen=True)
UNSIZED = Mark("u1", "Lesion 5", "sphere", (-1.0, -2.0, -3.0))
DOSE = Mark("d1", "GTV", "isodose", (0.0, 0.0, 0.0), percent=50.0)
WITHOUT = replace(SPHERE, id="w1", name="Lesion 6", exclude_mm=((1.0, 2.0, 3.0), (-4.5, 5.0, 6.0)))
ALL = (SPHERE, LINE, CIRCLE, GUESSED, UNSIZED, DOSE, WITHOUT, replace(LINE, id="l2", exclude_mm=((7.0, 7.0, 7.0),)))


def markups_of(scene) -> list:
    return [node for node in nodes_of(scene) if node.IsA("vtkMRMLMarkupsNode")]


def markup(scene, name: str):
    nodes = markups_of(scene)
    return next(node for node in nodes if node.GetName() == name)


def opened_by_slicer(scene, path: Path) -> list:
    """The markups that 3D Slicer's own module makes of a file."""
    logic = slicer.vtkSlicerMarkupsLogic()
    logic.SetMRMLScene(scene)
    before = set(markups_of(scene))
    assert logic.LoadMarkups(str(path))
    return [node for node in markups_of(scene) if node not in before]


def close(mark: Mark, other: Mark) -> bool:
    """Equal but for rounding."""
    flat = [np.ravel([m.point_mm, *m.exclude_mm, *(m.ends_mm or ())]) for m in (mark, other)]
    rest = [replace(m, point_mm=(0, 0, 0), exclude_mm=(), ends_mm=None, size_mm=None) for m in (mark, other)]
    same_size = (mark.size_mm is None) == (other.size_mm is None) and math.isclose(
        mark.size_mm or 0, other.size_mm or 0
    )
    return rest[0] == rest[1] and same_size and np.allclose(*flat, atol=1e-9)


@pytest.mark.parametrize("mark", ALL, ids=lambda mark: mark.id)
def test_a_shown_mark_is_read_as_it_was_given(case, mark) -> None:
    case.show_mark(mark)
    assert case.read_marks() == (mark,)


def test_a_lesion_of_the_workflow_is_shown_like_a_mark(case) -> None:
    case.show_mark(Lesion("s1", "Lesion 1", "sphere", (1.0, 2.0, 3.0), 4.0, True, colour=(0.0, 1.0, 0.0)))
    assert case.read_marks() == (Mark("s1", "Lesion 1", "sphere", (1.0, 2.0, 3.0), 4.0, True, colour=(0.0, 1.0, 0.0)),)


def test_the_markup_lies_at_the_point_and_the_ball_has_the_size(scene, case) -> None:
    case.show_mark(SPHERE)
    assert markup(scene, "Lesion 1").GetNthControlPointPositionWorld(0) == pytest.approx(SPHERE.point_mm)
    ball = scene.GetFirstNodeByClass("vtkMRMLModelNode").GetPolyData().GetBounds()
    assert ball == pytest.approx((4.25, 16.75, -26.5, -14.0, 23.875, 36.375), abs=0.03)


def test_dragging_the_point_moves_the_mark_and_says_so(scene, case) -> None:
    case.show_mark(SPHERE)
    heard: list[tuple[Mark, bool]] = []
    case.on_mark_moved(lambda mark, done: heard.append((mark, done)))
    node = markup(scene, "Lesion 1")
    node.InvokeCustomModifiedEvent(node.PointStartInteractionEvent)
    node.SetNthControlPointPositionWorld(0, 11.0, -20.0, 31.0)
    node.SetNthControlPointPositionWorld(0, 12.0, -20.0, 31.0)
    node.InvokeCustomModifiedEvent(node.PointEndInteractionEvent)
    assert [(mark.point_mm, mark.size_mm, done) for mark, done in heard] == [
        ((11.0, -20.0, 31.0), 12.5, False), ((12.0, -20.0, 31.0), 12.5, False), ((12.0, -20.0, 31.0), 12.5, True)
    ]  # fmt: skip
    ball = scene.GetFirstNodeByClass("vtkMRMLModelNode").GetPolyData().GetBounds()
    assert ball[:2] == pytest.approx((5.75, 18.25), abs=0.03)


def test_dragging_the_handle_sets_the_size_and_leaves_the_point(scene, case) -> None:
    case.show_mark(GUESSED)
    heard: list[Mark] = []
    case.on_mark_moved(lambda mark, done: heard.append(mark))
    handle = markup(scene, "Lesion 4 size")
    assert handle.GetNthControlPointPositionWorld(0) == pytest.approx((5 + 7.25 / 2, 5, 5))
    handle.SetNthControlPointPositionWorld(0, 5.0, 8.0, 9.0)  # 3, 4: 5 mm from the point
    assert [(mark.point_mm, mark.size_mm, mark.size_given) for mark in heard] == [((5.0, 5.0, 5.0), 10.0, True)]
    case.show_mark(replace(heard[0], size_mm=20.0))
    # The handle stays on the side that it was dragged to.
    assert handle.GetNthControlPointPositionWorld(0) == pytest.approx((5.0, 11.0, 13.0))


def test_dragging_an_end_of_a_line_sets_its_length_and_middle(scene, case) -> None:
    case.show_mark(LINE)
    heard: list[Mark] = []
    case.on_mark_moved(lambda mark, done: heard.append(mark))
    markup(scene, "Lesion 2").SetNthControlPointPositionWorld(1, 0.0, 0.0, 21.0)
    assert [(mark.point_mm, mark.size_mm) for mark in heard] == [((0.0, 0.0, 15.0), 12.0)]


def test_dragging_one_point_of_a_circle_sets_its_radius(scene, case) -> None:
    case.show_mark(CIRCLE)
    heard: list[Mark] = []
    case.on_mark_moved(lambda mark, done: heard.append(mark))
    node = markup(scene, "Lesion 3")
    node.SetNthControlPointPositionWorld(0, 7.0, 2.0, 3.0)  # from 4 to 6 mm off the centre
    assert [(mark.point_mm, mark.size_mm) for mark in heard] == [((1.0, 2.0, 3.0), 12.0)]
    radii = [math.dist(node.GetNthControlPointPositionWorld(n), (1, 2, 3)) for n in range(8)]
    assert radii == pytest.approx([6.0] * 8)


def test_a_circle_lies_in_its_plane(scene, case) -> None:
    case.show_mark(CIRCLE)
    node = markup(scene, "Lesion 3")
    places = np.array([node.GetNthControlPointPositionWorld(n) for n in range(8)])
    np.testing.assert_allclose(places[:, 1], 2.0)
    np.testing.assert_allclose(np.linalg.norm(places - (1, 2, 3), axis=1), 4.0)


def test_dragging_an_excluded_point_says_so(scene, case) -> None:
    case.show_mark(WITHOUT)
    heard: list[Mark] = []
    case.on_mark_moved(lambda mark, done: heard.append(mark))
    markup(scene, "not Lesion 6").SetNthControlPointPositionWorld(1, 0.0, 0.0, 0.0)
    assert [mark.exclude_mm for mark in heard] == [((1.0, 2.0, 3.0), (0.0, 0.0, 0.0))]
    markup(scene, "not Lesion 6").RemoveNthControlPoint(0)
    assert heard[-1].exclude_mm == ((0.0, 0.0, 0.0),)


def test_what_the_program_shows_is_not_taken_for_a_drag(case) -> None:
    heard: list[object] = []
    case.on_mark_moved(lambda *said: heard.append(said))
    case.on_mark_removed(heard.append)
    for mark in ALL:
        case.show_mark(mark)
        case.show_mark(replace(mark, point_mm=(0.0, 0.0, 1.0), exclude_mm=((3.0, 3.0, 3.0),)))
    for mark in ALL:
        case.remove_mark(mark.id)
    assert heard == []


def test_an_unsubscribed_listener_hears_nothing_more(scene, case) -> None:
    case.show_mark(SPHERE)
    heard: list[object] = []
    unsubscribe = case.on_mark_moved(lambda *said: heard.append(said))
    unsubscribe()
    unsubscribe()
    markup(scene, "Lesion 1").SetNthControlPointPositionWorld(0, 0.0, 0.0, 0.0)
    assert heard == []


@pytest.mark.parametrize("how", ["node", "point"])
def test_a_mark_that_the_user_deletes_is_gone_with_its_ball_and_handle(scene, case, how) -> None:
    case.show_mark(UNSIZED)
    before = scene.GetNumberOfNodes()
    case.show_mark(SPHERE)
    heard: list[str] = []
    case.on_mark_removed(heard.append)
    node = markup(scene, "Lesion 1")
    if how == "node":
        display = node.GetDisplayNode()
        scene.RemoveNode(node)
        scene.RemoveNode(display)
    else:
        node.RemoveAllControlPoints()
    assert heard == ["s1"]
    assert case.read_marks() == (UNSIZED,)
    assert scene.GetNumberOfNodes() == before


def test_a_finished_mark_cannot_be_dragged_in_the_views(scene, case) -> None:
    case.show_mark(SPHERE)
    assert not markup(scene, "Lesion 1").GetLocked()
    case.show_mark(replace(SPHERE, frozen=True))
    assert markup(scene, "Lesion 1").GetLocked()


def test_a_mark_may_change_its_shape(scene, case) -> None:
    case.show_mark(SPHERE)
    case.show_mark(replace(LINE, id="s1"))
    assert case.read_marks() == (replace(LINE, id="s1"),)
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode") == 1


def test_marks_come_back_from_their_file(case, tmp_path: Path) -> None:
    for mark in ALL:
        case.show_mark(mark)
    case.write_marks(tmp_path / "a.mrk.json")
    case.close_case()
    loaded = case.load_marks(tmp_path / "a.mrk.json")
    assert [mark.id for mark in loaded] == [mark.id for mark in ALL]
    assert all(close(*both) for both in zip(loaded, ALL, strict=True)), loaded
    assert all(close(*both) for both in zip(case.read_marks(), ALL, strict=True))


def test_slicer_opens_the_file_without_the_extension(app, case, tmp_path: Path) -> None:
    for mark in (SPHERE, LINE, CIRCLE, WITHOUT):
        case.show_mark(mark)
    case.write_marks(tmp_path / "a.mrk.json")

    found = opened_by_slicer(app.scene, tmp_path / "a.mrk.json")
    assert [node.GetClassName() for node in found] == [
        "vtkMRMLMarkupsFiducialNode", "vtkMRMLMarkupsLineNode", "vtkMRMLMarkupsClosedCurveNode",
        "vtkMRMLMarkupsFiducialNode", "vtkMRMLMarkupsFiducialNode",
    ]  # fmt: skip
    assert [node.GetName() for node in found] == ["Lesion 1", "Lesion 2", "Lesion 3", "Lesion 6", "not Lesion 6"]
    assert found[0].GetNthControlPointPosition(0) == pytest.approx(SPHERE.point_mm)
    assert "size_mm=12.5" in found[0].GetNthControlPointDescription(0)
    assert found[1].GetLineLengthWorld() == pytest.approx(10.0)
    assert found[0].GetDisplayNode().GetSelectedColor() == pytest.approx(SPHERE.colour)


def test_what_slicer_saves_again_is_still_the_same_mark(app, case, tmp_path: Path) -> None:
    case.show_mark(WITHOUT)
    case.write_marks(tmp_path / "a.mrk.json")
    storage = slicer.vtkMRMLMarkupsJsonStorageNode()
    storage.SetFileName(str(tmp_path / "again.mrk.json"))
    markups = []
    for node in opened_by_slicer(app.scene, tmp_path / "a.mrk.json"):
        assert storage.WriteData(node)
        markups += json.loads((tmp_path / "again.mrk.json").read_text())["markups"]
    (tmp_path / "b.mrk.json").write_text(json.dumps({"markups": markups}))
    (read,) = case.load_marks(tmp_path / "b.mrk.json")
    assert (read.id, read.size_mm, read.exclude_mm) == ("w1", 12.5, WITHOUT.exclude_mm)


def test_the_server_reads_points_lines_and_circles_as_weak_labels(case, tmp_path: Path) -> None:
    for mark in (SPHERE, LINE, CIRCLE, GUESSED):
        case.show_mark(mark)
    case.write_marks(tmp_path / "a.mrk.json")
    point, line, circle, guessed = read_markups(tmp_path / "a.mrk.json")
    assert isinstance(point, PointSize)
    assert (point.point_mm, point.size_mm) == (SPHERE.point_mm, 12.5)
    assert isinstance(line, RecistLine)
    assert (line.start_mm, line.end_mm) == LINE.ends_mm
    assert isinstance(circle, Circle)
    np.testing.assert_allclose(circle.center_mm, CIRCLE.point_mm, atol=1e-9)
    assert circle.diameter_mm == pytest.approx(8.0)
    assert isinstance(guessed, PointSize)
    assert guessed.size_mm is None  # an estimate is no weak label


def test_plain_markups_of_others_become_marks(case, tmp_path: Path) -> None:
    point = {"id": "1", "label": "F-1", "position": [1, 2, 3], "positionStatus": "defined"}
    unplaced = {"id": "2", "label": "F-2", "positionStatus": "undefined"}
    content = {
        "markups": [
            {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [point, unplaced]},
            {"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": [point]},
            {
                "type": "ROI",
                "coordinateSystem": "LPS",
                "controlPoints": [point],
                "center": [1, 2, 3],
                "size": [4, 6, 2],
            },
            {"type": "Angle", "coordinateSystem": "LPS", "controlPoints": [point, point, point]},
        ]
    }
    (tmp_path / "a.mrk.json").write_text(json.dumps(content))
    marks = case.load_marks(tmp_path / "a.mrk.json")
    assert [(mark.point_mm, mark.size_mm, mark.shape) for mark in marks] == [
        ((-1.0, -2.0, 3.0), None, "sphere"), ((1.0, 2.0, 3.0), None, "sphere"), ((-1.0, -2.0, 3.0), 6.0, "sphere")
    ]  # fmt: skip
    assert len({mark.id for mark in marks}) == 3


@pytest.mark.parametrize(
    "content", ["", "[]", '{"a": 1}', '{"markups": [{"type": "Fiducial", "controlPoints": [{}]}]}']
)
def test_a_file_without_markups_is_refused_and_shows_nothing(case, tmp_path: Path, content) -> None:
    (tmp_path / "a.mrk.json").write_text(content)
    with pytest.raises(SceneError, match=r"a\.mrk\.json holds no Slicer markups"):
        case.load_marks(tmp_path / "a.mrk.json")
    assert case.read_marks() == ()
    with pytest.raises(LocalFault):
        case.load_marks(tmp_path / "b.mrk.json")

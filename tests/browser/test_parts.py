"""Parts of the workbench by themselves, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

from slicer import vtkMRMLScene, vtkMRMLSliceNode

from browser.guard import refusal
from browser.inputs import Inputs
from browser.plane import normal_axis, pixel_at, point_at
from browser.present import present
from browser.present_training import duration, training_row
from browser.window_level import dragged
from LesionLabLib.answers import Case, Comparison, Lease, RequestField, TaskInfo, Training
from LesionLabLib.workflow.state import Connection, Lesion, OpenCase, State

SHAPE = TaskInfo("lesion_shape", "Lesion shape", "shape", fields=(RequestField("point_mm", "point"),))


@pytest.fixture
def coronal() -> vtkMRMLSliceNode:
    scene = vtkMRMLScene()
    vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    node = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    node.SetOrientation("Coronal")
    node.SetDimensions(400, 200, 1)
    node.SetFieldOfView(200.0, 100.0, 1.0)
    node.JumpSliceByCentering(10.0, 20.0, 30.0)
    return node


def test_a_pixel_of_a_coronal_view_is_the_point_worked_out_by_hand(coronal: vtkMRMLSliceNode) -> None:
    # 0.5 mm a pixel; the patient's right is at the left of the screen, pixel (200, 100) is the middle.
    assert point_at(coronal, (200, 100)) == pytest.approx((10.0, 20.0, 30.0))
    assert point_at(coronal, (240, 100)) == pytest.approx((-10.0, 20.0, 30.0))
    assert point_at(coronal, (200, 110)) == pytest.approx((10.0, 20.0, 35.0))


def test_a_point_and_its_pixel_belong_together(coronal: vtkMRMLSliceNode) -> None:
    pixel, depth_mm = pixel_at(coronal, (-3.0, 25.0, 31.0))
    assert pixel == pytest.approx((226.0, 102.0))
    assert abs(depth_mm) == pytest.approx(5.0)
    assert normal_axis(coronal) == 1


def test_a_drag_to_the_right_widens_and_a_drag_upwards_raises() -> None:
    assert dragged((1500.0, -600.0), 300.0, 0.0) == (3000.0, -600.0)
    assert dragged((1500.0, -600.0), 0.0, 100.0) == (1500.0, -100.0)
    assert dragged((1500.0, -600.0), -1e6, 0.0)[0] > 0


@pytest.mark.parametrize(
    ("host", "origin", "refused"),
    [
        ("127.0.0.1:8080", None, False),
        ("localhost:8080", "http://localhost:8080", False),
        ("127.0.0.1:8080", "http://evil.example", True),
        ("evil.example:8080", "http://evil.example:8080", True),
        ("127.0.0.1:8080", "http://127.0.0.1:9999", True),
        ("127.0.0.1:8080", "null", True),
    ],
)
def test_only_its_own_page_may_use_the_workbench(host: str, origin: str | None, refused: bool) -> None:
    assert bool(refusal("127.0.0.1", host, origin)) == refused


def test_on_another_address_its_names_are_not_guessed() -> None:
    assert not refusal("0.0.0.0", "lab.example:8080", "http://lab.example:8080")
    assert refusal("0.0.0.0", "lab.example:8080", "http://evil.example")


def test_every_control_says_why_it_is_off_until_there_is_a_server_and_a_case() -> None:
    why = present(State()).why
    assert all((why.mark, why.undo, why.submit, why.train, why.run, why.next_case, why.heat, why.exclude))
    ready = State(
        connection=Connection("ready"), tasks=(SHAPE,), task="lesion_shape", case=OpenCase("a", "id", unsaved=True)
    )
    why = present(ready).why
    assert (why.mark, why.submit, why.train, why.size) == ("", "", "", "")


def test_the_ways_to_explain_are_those_of_the_task() -> None:
    task = replace(SHAPE, explanations=("gradcam", "deepshap", "newer"))
    ready = State(connection=Connection("ready"), tasks=(task,), task="lesion_shape", case=OpenCase("a", "id"))
    shown = present(ready)
    assert [(one.value, one.title) for one in shown.explanations] == [
        ("gradcam", "Grad-CAM"),
        ("deepshap", "Deep SHAP"),
        ("newer", "newer"),
    ]
    assert "Select a lesion" in shown.why.explain
    lesion = Lesion("1", "Lesion 1", "sphere", (0, 0, 0), status="done")
    assert present(replace(ready, lesions=(lesion,), selected="1")).why.explain == ""
    assert "cannot explain" in present(replace(ready, tasks=(SHAPE,))).why.explain


def test_a_lesion_is_shown_with_its_units() -> None:
    lesion = Lesion(
        "1", "Lesion 1", "sphere", (0, 0, 0), status="done", diameter_mm=12.34, volume_mm3=987.0, certainty=0.846
    )
    row = present(State(lesions=(lesion,), selected="1")).lesions[0]
    assert (row.diameter, row.volume, row.certainty, row.selected) == ("12.3 mm", "0.99 ml", "85 %", True)


def test_a_lease_of_somebody_else_is_shown_and_our_own_is_not() -> None:
    cases = (Case("a", lease=Lease("me", "")), Case("b", ("final",), lease=Lease("you", "")))
    rows = present(State(cases=cases), client_id="me").cases
    assert [(row.holder, row.labelled) for row in rows] == [("", False), ("you", True)]


def test_a_comparison_is_told_in_one_sentence() -> None:
    comparison = Comparison("dice", True, "not worse", 6, 0.81, 0.84, 0.03, 0.01, 0.05)
    row = training_row(Training("j", "lesion_shape", "done", 5, 5, comparison=comparison))
    assert row.comparison == "dice 0.810 before, 0.840 now: +0.030 (+0.010 to +0.050) on 6 test cases. not worse"
    assert (row.promoted, row.running, row.percent) == (True, False, 100.0)
    untested = Comparison("dice", False, "no test case has a label")
    assert training_row(Training("j", "t", "done", comparison=untested)).comparison == "no test case has a label"


def test_times_are_told_to_the_precision_that_one_cares_for() -> None:
    assert [duration(s) for s in (12.4, 200.0, 7200.0)] == ["12 s", "3 min", "2.0 h"]


def test_the_token_is_not_kept_by_the_page() -> None:
    assert Inputs().token == ""

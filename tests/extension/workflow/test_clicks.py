"""A click is answered at once; the latest wish wins; an error leaves what was there."""

from __future__ import annotations

import numpy as np

from LesionLabLib.errors import Refused, ServerFault
from tests.extension.workflow.fakes import ball
from tests.server.conftest import ras

MIDDLE = ras((20, 18, 15))
OTHER = ras((8, 9, 10))


def test_a_click_alone_gives_a_mask_in_register(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    assert at_case.lesion().status == "running"
    at_case.settle()
    assert at_case.lesion().status == "done"
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    assert server.details("infer") == [
        ("outline", server.details("infer")[0][1], {"point_mm": list(MIDDLE), "size_mm": 12.0})
    ]
    assert server.details("infer")[0][1].case == "case_a"
    assert (at_case.lesion().diameter_mm, at_case.lesion().certainty) == (12.0, 0.75)


def test_a_size_that_was_left_out_becomes_the_one_the_server_settled_on(at_case, server):
    at_case.workflow.place_point(MIDDLE)
    assert at_case.lesion().size_mm is None
    at_case.settle()
    assert "size_mm" not in server.details("infer")[0][2]
    assert at_case.lesion().size_mm == server.SETTLED_MM
    assert not at_case.lesion().size_given
    assert at_case.scene.read_marks()[0].size_mm == server.SETTLED_MM


def test_a_nudge_leaves_no_queue_of_sizes_behind(at_case, server):
    at_case.workflow.place_point(MIDDLE, 8.0)
    at_case.settle()
    server.gate.clear()
    for size in np.linspace(8.5, 14.0, 12):
        at_case.workflow.resize(at_case.lesion().id, float(size))
        at_case.ticks(0.005)
    server.gate.set()
    at_case.settle()
    assert server.count("infer") <= 3  # the first click, the nudge that ran, the last one
    assert server.details("infer")[-1][2]["size_mm"] == 14.0
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 14.0))
    assert at_case.lesion().status == "done"


def test_while_the_slider_moves_the_mask_follows(at_case, server):
    at_case.workflow.place_point(MIDDLE, 8.0)
    at_case.settle()
    server.gate.clear()
    at_case.workflow.resize(at_case.lesion().id, 10.0)
    at_case.until(lambda _: server.count("infer") == 2)
    at_case.workflow.resize(at_case.lesion().id, 12.0)
    # The answer to 10 mm comes when 12 mm is wanted already: better than the old mask, but not the end.
    server.gate.set()
    seen = []

    def watch(state) -> bool:
        seen.append((int(at_case.voxels().sum()), state.lesions[0].status))
        return state.lesions[0].status == "done"

    at_case.until(watch)
    sizes = dict(seen)
    assert seen[-1] == (ball(MIDDLE, 12.0).sum(), "done")
    assert sizes.get(ball(MIDDLE, 10.0).sum(), "running") == "running"


def test_several_lesions_each_have_their_own_mask(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.place_point(OTHER, 6.0)
    at_case.settle()
    assert [lesion.name for lesion in at_case.state.lesions] == ["Lesion 1", "Lesion 2"]
    assert at_case.lesion(0).colour != at_case.lesion(1).colour
    np.testing.assert_array_equal(at_case.voxels(0), ball(MIDDLE, 12.0))
    np.testing.assert_array_equal(at_case.voxels(1), ball(OTHER, 6.0))


def test_a_line_is_the_longest_diameter(at_case, server):
    start, end = ras((16, 18, 15)), ras((24, 18, 15))
    at_case.workflow.place_line(start, end)
    at_case.settle()
    assert server.details("infer")[0][2] == {"point_mm": list(MIDDLE), "size_mm": 12.0}  # 8 voxels of 1.5 mm
    at_case.workflow.resize(at_case.lesion().id, 6.0)
    assert at_case.lesion().ends_mm == (tuple(ras((18, 18, 15))), tuple(ras((22, 18, 15))))


def test_a_circle_gives_point_and_size(at_case, server):
    at_case.workflow.place_circle(MIDDLE, 5.0, 2)
    at_case.settle()
    assert server.details("infer")[0][2] == {"point_mm": list(MIDDLE), "size_mm": 10.0}
    at_case.workflow.place_circle(MIDDLE, 5.0, 3)
    assert "axis" in at_case.said


def test_a_negative_click_belongs_to_the_selected_lesion(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.place_point(OTHER, 6.0)
    at_case.workflow.select(at_case.lesion(0).id)
    beside = ras((22, 18, 15))
    at_case.workflow.exclude(beside)
    at_case.settle()
    assert at_case.lesion(0).exclude_mm == (tuple(beside),)
    assert at_case.lesion(1).exclude_mm == ()
    assert not at_case.voxels(0)[22, 18, 15]
    assert at_case.voxels(0)[20, 18, 15]


def test_a_point_outside_the_image_is_said_plainly_and_places_nothing(at_case, server):
    at_case.workflow.place_point((500.0, 0.0, 0.0), 12.0)
    assert "outside the image case_a" in at_case.said
    assert at_case.state.notice.level == "error"
    assert at_case.state.lesions == ()
    assert not at_case.state.can_undo
    assert server.count("infer") == 0


def test_a_size_of_nothing_is_said_plainly(at_case):
    at_case.workflow.place_point(MIDDLE, 0.0)
    assert "above 0 mm" in at_case.said
    at_case.workflow.place_point(MIDDLE, float("nan"))
    assert at_case.state.lesions == ()


def test_a_refusal_leaves_the_old_mask_and_marks_the_lesion(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    server.will_refuse("infer", Refused("The server refused: size_mm: too large.", 422))
    at_case.workflow.resize(at_case.lesion().id, 13.0)
    at_case.settle()
    assert at_case.lesion().status == "failed"
    assert "too large" in at_case.lesion().message
    assert "too large" in at_case.said
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    at_case.workflow.run_again(at_case.lesion().id)
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 13.0))


def test_a_fault_of_the_server_is_not_a_lost_server(at_case, server):
    server.will_refuse("infer", ServerFault("The server failed.", 500))
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    assert at_case.lesion().status == "failed"
    assert at_case.state.connection.status == "ready"


def test_an_answer_for_a_deleted_lesion_is_dropped(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.delete(at_case.lesion().id)
    server.gate.set()
    at_case.settle()
    assert at_case.state.lesions == ()
    assert not at_case.scene.labelmap()[0].any()


def test_an_answer_for_a_mark_that_moved_on_is_dropped(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.until(lambda _: server.count("infer") == 1)
    at_case.workflow.move(at_case.lesion().id, OTHER)
    server.gate.set()
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(OTHER, 12.0))


def test_an_answer_for_a_case_that_was_closed_is_dropped(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.open_case("case_b", discard=True)
    server.gate.set()
    at_case.settle()
    assert at_case.state.case.name == "case_b"
    assert at_case.state.lesions == ()
    assert not at_case.scene.labelmap()[0].any()


def test_a_cancelled_request_can_be_asked_again(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.cancel(at_case.state.activities[0].id)
    at_case.until(lambda state: state.lesions[0].status == "failed")
    server.gate.set()
    at_case.workflow.run_again(at_case.lesion().id)
    at_case.settle()
    assert at_case.lesion().status == "done"


def drag(desk, point_mm):
    """Move the first mark's point as the mouse would, in one go."""
    node = next(
        node
        for node in (desk.mrml.GetNthNodeByClass(n, "vtkMRMLMarkupsFiducialNode") for n in range(9))
        if node is not None and node.GetNumberOfControlPoints() == 1
    )
    node.SetNthControlPointPositionWorld(0, *point_mm)


def test_dragging_a_mark_asks_again_and_a_frozen_one_springs_back(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    drag(at_case, OTHER)
    assert at_case.lesion().status == "running"
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(OTHER, 12.0))
    at_case.workflow.undo()
    np.testing.assert_allclose(at_case.scene.read_marks()[0].point_mm, MIDDLE)
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    at_case.workflow.freeze(at_case.lesion().id)
    drag(at_case, OTHER)
    at_case.settle()
    np.testing.assert_allclose(at_case.scene.read_marks()[0].point_mm, MIDDLE)
    assert at_case.lesion().point_mm == tuple(MIDDLE)


def test_a_mark_that_is_dragged_out_of_the_image_springs_back(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    drag(at_case, (900.0, 0.0, 0.0))
    at_case.settle()
    assert "outside the image" in at_case.said
    np.testing.assert_allclose(at_case.scene.read_marks()[0].point_mm, MIDDLE)
    assert at_case.lesion().status == "done"


def test_deleting_a_mark_in_the_scene_deletes_the_lesion(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    for n in range(at_case.mrml.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode")):
        at_case.mrml.RemoveNode(at_case.mrml.GetNthNodeByClass(n, "vtkMRMLMarkupsFiducialNode"))
        break
    assert at_case.state.lesions == ()
    at_case.workflow.undo()
    assert len(at_case.scene.read_marks()) == 1
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))

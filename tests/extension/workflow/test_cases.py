"""Cases are opened with what was done on them, and left without losing anything."""

from __future__ import annotations

import json

import numpy as np

from LesionLabLib.errors import Cancelled, Refused
from tests.extension.scene.parts import add_volume
from tests.extension.workflow.fakes import ball
from tests.server.conftest import AFFINE, SHAPE, ras

MIDDLE = ras((20, 18, 15))
FAR = ras((8, 9, 10))


def volume(desk, seed=0):
    voxels = np.random.default_rng(seed).integers(-1000, 1000, SHAPE).astype(np.int16)
    return add_volume(desk.mrml, voxels, AFFINE, "scan")


def test_a_labelled_case_reopens_with_its_marks_and_masks(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.place_line(ras((6, 9, 10)), ras((10, 9, 10)))
    at_case.settle()
    at_case.workflow.freeze(at_case.lesion(1).id)
    at_case.workflow.set_presence("cancer", False)
    at_case.workflow.submit()
    at_case.settle()
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.case.name == "case_b", at_case.said
    assert at_case.state.lesions == ()
    asked = server.count("infer")
    at_case.workflow.open_case("case_a")
    at_case.settle()
    assert server.count("infer") == asked
    first, second = at_case.state.lesions
    assert (first.shape, first.point_mm, first.size_mm, first.status) == ("sphere", tuple(MIDDLE), 12.0, "done")
    assert (second.shape, second.frozen) == ("line", True)
    np.testing.assert_array_equal(at_case.voxels(0), ball(MIDDLE, 12.0))
    np.testing.assert_array_equal(at_case.voxels(1), ball(FAR, 6.0))
    assert at_case.state.presence == (("cancer", False),)
    assert at_case.state.case.revision == "rev-1"
    assert not at_case.state.case.unsaved
    at_case.workflow.resize(first.id, 6.0)
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(0), ball(MIDDLE, 6.0))
    at_case.workflow.undo()
    np.testing.assert_array_equal(at_case.voxels(0), ball(MIDDLE, 12.0))


def test_a_label_without_marks_opens_as_regions(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.submit()
    at_case.settle()
    server.marks.clear()
    at_case.workflow.open_case("case_b")
    at_case.settle()
    at_case.workflow.open_case("case_a")
    at_case.settle()
    assert [lesion.shape for lesion in at_case.state.lesions] == ["region"]
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    at_case.workflow.resize(at_case.lesion().id, 5.0)
    assert "was not made by a mark" in at_case.said


def test_unsaved_work_is_not_left_by_accident(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    for leave in (
        lambda: at_case.workflow.open_case("case_b"),
        lambda: at_case.workflow.open_next("first"),
        lambda: at_case.workflow.close_case(),
        lambda: at_case.workflow.use_volume(volume(at_case).GetID()),
    ):
        at_case.workflow.dismiss_notice()
        leave()
        at_case.settle()
        assert "not submitted" in at_case.said
        assert at_case.state.case.name == "case_a"
        assert len(at_case.state.lesions) == 1


def test_work_that_began_while_the_next_case_was_fetched_is_not_left_by_accident(at_case, server):
    server.gate.clear()
    at_case.workflow.open_case("case_b")
    at_case.workflow.place_point(MIDDLE, 12.0)
    server.gate.set()
    at_case.settle()
    assert "not submitted" in at_case.said
    assert at_case.state.case.name == "case_a"
    assert at_case.lesion().status == "done"


def test_a_mask_painted_by_hand_is_not_left_by_accident(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.submit()
    at_case.settle()
    node = at_case.mrml.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    import slicer
    from vtk.util import numpy_support

    segment = node.GetSegmentation().GetNthSegmentID(0)
    painted = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(segment, painted)
    numpy_support.vtk_to_numpy(painted.GetPointData().GetScalars())[:] = 1
    slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(painted, node, segment)
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.case.name == "case_a", at_case.said
    assert "not submitted" in at_case.said


def test_leaving_without_masks_keeps_the_marks_and_they_are_asked_again(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.open_case("case_b", discard=True)
    at_case.settle()
    assert at_case.state.case.name == "case_b", at_case.said
    assert json.loads(server.marks["case_a"])["markups"]
    at_case.workflow.open_case("case_a")
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    assert at_case.lesion().status == "done"


def test_a_case_that_cannot_be_opened_leaves_the_old_one_open(at_case, server):
    server.will_refuse("fetch_image", Refused("The server refused: gone.", 404))
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.case.name == "case_a"
    assert "gone" in at_case.said


def test_a_case_whose_image_is_broken_leaves_the_old_one_open(at_case, server):
    server.images["case_b"].write_bytes(b"this is no image")
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.case.name == "case_a"
    assert at_case.state.notice.level == "error"
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))


def test_the_last_case_that_was_asked_for_is_opened(at_case, server):
    server.gate.clear()
    at_case.workflow.open_case("case_b")
    at_case.until(lambda _: server.details("fetch_image")[-1] == "case_b")
    at_case.workflow.open_case("case_c")
    server.gate.set()
    at_case.settle()
    assert at_case.state.case.name == "case_c"
    assert at_case.state.notice is None


def test_opening_can_be_cancelled(at_case, server):
    server.gate.clear()
    at_case.workflow.open_case("case_b")
    at_case.workflow.cancel(at_case.state.activities[0].id)
    server.gate.set()
    at_case.settle()
    assert at_case.state.case.name == "case_a"
    assert at_case.said == str(Cancelled())


def test_the_next_case_is_leased_and_given_back(at_case, server):
    at_case.workflow.open_next("first")
    at_case.settle()
    assert at_case.state.case.name == "case_a"
    assert "No other case" in at_case.said
    at_case.workflow.submit()
    at_case.settle()
    at_case.workflow.open_next("first")
    at_case.settle()
    assert at_case.state.case.name == "case_b", at_case.said
    assert server.leases == {"case_b": "desk-reader A"}
    at_case.workflow.open_case("case_c")
    at_case.settle()
    assert server.leases == {"case_c": "desk-reader A"}


def test_a_case_that_somebody_else_works_on_opens_with_a_word_of_warning(desk, server):
    server.leases["case_b"] = "desk-reader B"
    desk.workflow.open_case("case_b")
    desk.settle()
    assert desk.state.case.name == "case_b"
    assert "Somebody else works on case_b" in desk.said
    desk.workflow.close_case()
    desk.settle()
    assert server.leases == {"case_b": "desk-reader B"}


def test_temporary_files_do_not_pile_up(at_case):
    for name in ("case_b", "case_c", "case_a"):
        at_case.workflow.open_case(name)
        at_case.settle()
        at_case.workflow.submit()
        at_case.settle()
    assert list(at_case.folder.iterdir()) == []


def test_a_volume_of_the_scene_is_lent_once(desk, server):
    desk.workflow.use_volume(volume(desk).GetID())
    for point in (MIDDLE, FAR):
        desk.workflow.place_point(point, 6.0)
    desk.settle()
    desk.workflow.resize(desk.lesion().id, 8.0)
    desk.settle()
    assert server.count("open_session") == 1
    assert desk.state.case.session in server.sessions
    assert {source.session for _, source, _ in server.details("infer")} == server.sessions
    np.testing.assert_array_equal(desk.voxels(0), ball(MIDDLE, 8.0))


def test_a_volume_that_changed_is_lent_again(desk, server):
    node = volume(desk)
    desk.workflow.use_volume(node.GetID())
    desk.workflow.place_point(MIDDLE, 6.0)
    desk.settle()
    from vtk.util import numpy_support

    numpy_support.vtk_to_numpy(node.GetImageData().GetPointData().GetScalars())[7] += 1
    node.GetImageData().GetPointData().GetScalars().Modified()
    node.GetImageData().Modified()
    desk.workflow.resize(desk.lesion().id, 8.0)
    desk.settle()
    assert server.count("open_session") == 2


def test_a_session_that_the_server_forgot_is_lent_again_unseen(desk, server):
    desk.workflow.use_volume(volume(desk).GetID())
    desk.workflow.place_point(MIDDLE, 6.0)
    desk.settle()
    server.sessions.clear()
    desk.workflow.resize(desk.lesion().id, 8.0)
    desk.settle()
    assert server.count("open_session") == 2
    assert desk.lesion().status == "done"
    assert desk.state.notice is None
    assert desk.state.case.session in server.sessions


def test_a_volume_of_the_scene_stays_when_it_is_left(desk):
    node = volume(desk)
    desk.workflow.use_volume(node.GetID())
    desk.workflow.submit()
    assert "no case of this server" in desk.said
    desk.workflow.close_case()
    assert desk.state.case is None
    assert desk.mrml.IsNodePresent(node)


def test_nothing_can_be_placed_without_an_image(desk):
    desk.workflow.place_point(MIDDLE, 6.0)
    assert "No image is open" in desk.said
    desk.workflow.run()
    assert desk.state.notice is not None


def test_marks_of_a_case_that_is_left_while_the_server_is_lost_are_sent_when_it_is_back(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.set_presence("cancer", True)
    at_case.settle()
    server.up = False
    at_case.workflow.close_case(discard=True)
    at_case.settle()
    assert "sent again after reconnecting" in at_case.said
    server.up = True
    at_case.workflow.reconnect()
    at_case.workflow.open_case("case_a")
    at_case.settle()
    assert at_case.lesion().point_mm == tuple(MIDDLE)
    assert at_case.state.presence == (("cancer", True),)
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))

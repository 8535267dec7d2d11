"""Opening, closing, and what must not be left behind."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import slicer

from LesionLabLib.answers import Candidate
from LesionLabLib.scene import CaseScene, Mark, SceneError
from tests.extension.scene.parts import OBLIQUE, STRAIGHT, add_volume, block, crop_at, new_scene, nodes_of, ramp

RED = (1.0, 0.0, 0.0)
LINE = Mark("l", "Lesion 2", "line", (3.0, 4.0, 9.0), 10.0, True, ends_mm=((0.0, 0.0, 9.0), (6.0, 8.0, 9.0)))
SPHERE = Mark("s", "Lesion 1", "sphere", (1.0, 2.0, 3.0), 5.0, True, exclude_mm=((9.0, 9.0, 9.0),))
CIRCLE = Mark("c", "Lesion 3", "circle", (1.0, 2.0, 3.0), 8.0, True, normal_axis=1)
# The numbers of all events that VTK, MRML and the markups send.
EVENTS = [*range(1, 130), *range(1000, 1100), *range(9000, 9100), *range(10000, 10100), *range(12000, 12100),
          *range(16000, 16400), *range(17000, 19100), *range(19000, 19100), *range(20000, 20100), 66000,
          *[getattr(slicer.vtkMRMLMarkupsNode, name) for name in dir(slicer.vtkMRMLMarkupsNode) if name.endswith("Event")
            and isinstance(getattr(slicer.vtkMRMLMarkupsNode, name), int)]]  # fmt: skip


def observed(node) -> list[int]:
    return [event for event in EVENTS if node.HasObserver(event)]


def fill(case: CaseScene) -> None:
    """Everything that a case can show."""
    for mark in (SPHERE, LINE, CIRCLE):
        case.show_mark(mark)
    case.set_mask("s", block(STRAIGHT, (2, 2, 2), (7, 7, 7)), RED)
    case.freeze("s")
    case.set_mask("l", block(STRAIGHT, (6, 6, 2), (9, 9, 7)), RED)
    case.show_heat(crop_at(STRAIGHT, (1, 1, 1), np.random.default_rng(0).random((6, 6, 6))), "heat")
    case.show_heat_volume(True)
    case.show_candidates((Candidate((1.0, 2.0, 3.0), 4.0, 0.9), Candidate((3.0, 2.0, 1.0), None, 0.25)), 1)


def test_close_case_leaves_what_was_there_before(scene, case) -> None:
    volume = add_volume(scene, ramp((20, 24, 10)), STRAIGHT)
    before = {node.GetID() for node in nodes_of(scene)}
    case.volume_from_node(volume.GetID())
    fill(case)
    case.close_case()
    assert {node.GetID() for node in nodes_of(scene)} == before
    with pytest.raises(SceneError, match="No image is open"):
        case.labelmap()


def test_two_hundred_cases_do_not_grow_the_scene(scene, case, tmp_path) -> None:
    case.volume_from_node(add_volume(scene, ramp((12, 12, 10)), STRAIGHT).GetID())
    case.write_volume(case.volume_from_node(nodes_of(scene)[0].GetID()), tmp_path / "a.nrrd")
    case.close_case()
    before = scene.GetNumberOfNodes()
    sizes = set()
    for number in range(200):
        case.load_volume(tmp_path / "a.nrrd")
        if number % 40 == 0:
            fill(case)
        else:
            case.show_mark(SPHERE)
            case.set_mask("s", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
        case.close_case()
        sizes.add(scene.GetNumberOfNodes())
    assert sizes == {before}


def test_opening_a_case_closes_the_one_before(scene, case, tmp_path) -> None:
    case.write_volume(
        case.volume_from_node(add_volume(scene, ramp((12, 12, 10)), STRAIGHT).GetID()), tmp_path / "a.nrrd"
    )
    first = case.load_volume(tmp_path / "a.nrrd")
    fill(case)
    second = case.load_volume(tmp_path / "a.nrrd")
    assert scene.GetNodeByID(first.node_id) is None
    assert case.read_marks() == ()
    assert case.labelmap()[0].max() == 0
    # The same volume again is not another case.
    case.show_mark(SPHERE)
    assert case.volume_from_node(second.node_id).node_id == second.node_id
    assert case.read_marks() == (SPHERE,)


def test_close_leaves_no_observer_on_any_node(scene) -> None:
    case = CaseScene(new_scene())
    case.close()
    volume = add_volume(scene, ramp((20, 24, 10)), STRAIGHT)
    watched = {"scene": observed(scene), "volume": observed(volume)}
    case = CaseScene(scene)
    case.on_mark_moved(lambda mark, done: None)
    case.volume_from_node(volume.GetID())
    fill(case)
    marks = [node for node in nodes_of(scene) if node.IsA("vtkMRMLMarkupsNode")]
    assert all(node.HasObserver(node.PointModifiedEvent) for node in marks if node.GetName() != "Candidates")
    assert scene.HasObserver(scene.NodeRemovedEvent)
    case.close()
    for node in marks:
        for event in (node.PointModifiedEvent, node.PointStartInteractionEvent, node.PointEndInteractionEvent):
            assert not node.HasObserver(event), (node.GetName(), event)
    assert not scene.HasObserver(scene.NodeRemovedEvent)
    assert observed(scene) == watched["scene"]
    heard = [node for node in nodes_of(scene) if node.IsA("vtkMRMLMarkupsNode")]
    assert heard == marks  # the nodes stay
    case.close_case()
    assert observed(volume) == watched["volume"]


def test_a_closed_case_is_not_kept_alive_by_the_scene(scene) -> None:
    case = CaseScene(scene)
    case.volume_from_node(add_volume(scene, ramp((20, 24, 10)), STRAIGHT).GetID())
    fill(case)
    case.close()
    gone = weakref.ref(case)
    del case
    gc.collect()
    assert gone() is None
    # Nobody listens any more: the scene goes on without it.
    node = next(node for node in nodes_of(scene) if node.IsA("vtkMRMLMarkupsFiducialNode"))
    node.SetNthControlPointPositionWorld(0, 0.0, 0.0, 0.0)
    scene.RemoveNode(node)


def test_a_case_that_nobody_closed_does_no_harm(scene) -> None:
    case = CaseScene(scene)
    case.show_mark(SPHERE)
    del case
    gc.collect()
    for node in nodes_of(scene):
        scene.RemoveNode(node)


def test_the_user_closes_the_whole_scene(scene, case) -> None:
    heard: list[str] = []
    case.on_mark_removed(heard.append)
    ref = case.volume_from_node(add_volume(scene, ramp((20, 24, 10)), STRAIGHT).GetID())
    fill(case)
    scene.Clear(False)
    assert heard == []
    assert case.read_marks() == ()
    for action in (case.labelmap, case.snapshot, lambda: case.volume_geometry(ref)):
        with pytest.raises(SceneError, match="no longer in the scene"):
            action()
    case.set_heat(opacity=0.2, threshold=0.3)
    case.close_case()
    case.volume_from_node(add_volume(scene, ramp((20, 24, 10)), STRAIGHT).GetID())
    fill(case)
    assert case.mask_voxels("s").sum() == 216


def test_candidates_are_labelled_with_their_confidence_and_the_current_one_stands_out(scene, case) -> None:
    found = (Candidate((1.0, 2.0, 3.0), 4.0, 0.934), Candidate((3.0, 2.0, 1.0), None, 0.25))
    case.show_candidates(found, 1)
    node = scene.GetFirstNodeByName("Candidates")
    assert [node.GetNthControlPointLabel(n) for n in range(2)] == ["0.93", "0.25"]
    assert [node.GetNthControlPointSelected(n) for n in range(2)] == [False, True]
    assert node.GetNthControlPointPositionWorld(0) == pytest.approx((1, 2, 3))
    assert node.GetLocked()
    case.show_candidates(found, 0)
    assert [node.GetNthControlPointSelected(n) for n in range(2)] == [True, False]
    case.show_candidates(())
    assert scene.GetFirstNodeByName("Candidates") is None


def test_points_survive_a_round_trip_to_half_a_nanometre_on_an_oblique_image(open_case, tmp_path) -> None:
    case = open_case(OBLIQUE)
    point = tuple(float(value) for value in (OBLIQUE @ (10.3, 7.7, 4.2, 1))[:3])
    case.show_mark(Mark("a", "Lesion 1", "sphere", point, 3.3, True))
    case.write_marks(tmp_path / "a.mrk.json")
    case.remove_mark("a")
    (mark,) = case.load_marks(tmp_path / "a.mrk.json")
    np.testing.assert_allclose(mark.point_mm, point, atol=5e-7)

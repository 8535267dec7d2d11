"""Everything can be taken back and done again, without asking the server for what is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.extension.workflow.fakes import ball
from tests.server.conftest import ras

MIDDLE = ras((20, 18, 15))
NEAR = ras((24, 18, 15))
FAR = ras((8, 9, 10))


@pytest.fixture
def marked(at_case):
    """One finished lesion of 12 mm in the middle."""
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    return at_case


def picture(desk):
    """What there is, for comparing."""
    state = desk.state
    return (
        [(one.id, one.name, one.prompt, one.frozen, one.status) for one in state.lesions],
        state.presence,
        desk.scene.labelmap()[0].tobytes(),
        sorted((mark.id, np.round(mark.point_mm, 6).tolist(), mark.size_mm) for mark in desk.scene.read_marks()),
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda desk: desk.workflow.place_point(FAR, 6.0),
        lambda desk: desk.workflow.place_line(ras((6, 9, 10)), ras((10, 9, 10))),
        lambda desk: desk.workflow.move(desk.lesion().id, FAR),
        lambda desk: desk.workflow.resize(desk.lesion().id, 8.0),
        lambda desk: desk.workflow.exclude(NEAR),
        lambda desk: desk.workflow.freeze(desk.lesion().id),
        lambda desk: desk.workflow.rename(desk.lesion().id, "mass"),
        lambda desk: desk.workflow.delete(desk.lesion().id),
        lambda desk: desk.workflow.set_presence("cancer", True),
    ],
    ids=["place", "line", "move", "resize", "exclude", "freeze", "rename", "delete", "presence"],
)
def test_an_action_is_taken_back_and_done_again_without_a_request(marked, server, act):
    before = picture(marked)
    act(marked)
    marked.settle()
    after = picture(marked)
    assert after != before
    asked = len(server.asked)
    marked.workflow.undo()
    marked.settle()
    assert picture(marked) == before
    marked.workflow.redo()
    marked.settle()
    assert picture(marked) == after
    assert len(server.asked) == asked


def test_all_the_way_back_and_forth(marked):
    pictures = [picture(marked)]
    for act in (
        lambda: marked.workflow.place_point(FAR, 6.0),
        lambda: marked.workflow.place_point(NEAR, 8.0),
        lambda: marked.workflow.freeze(marked.lesion(2).id),
        lambda: marked.workflow.resize(marked.lesion(0).id, 16.0),
        lambda: marked.workflow.delete(marked.lesion(1).id),
    ):
        act()
        marked.settle()
        pictures.append(picture(marked))
    for expected in reversed(pictures[:-1]):
        marked.workflow.undo()
        marked.settle()
        assert picture(marked) == expected
    for expected in pictures[1:]:
        marked.workflow.redo()
        marked.settle()
        assert picture(marked) == expected
    assert not marked.state.can_redo


def test_a_mask_that_came_after_the_next_action_is_known_to_undo(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.place_point(FAR, 6.0)
    server.gate.set()
    at_case.settle()
    at_case.workflow.undo()
    assert len(at_case.state.lesions) == 1
    assert at_case.lesion().status == "done"
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    assert server.count("infer") == 2


def test_undo_while_the_server_works_gives_the_request_up_and_redo_asks_again(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.undo()
    assert at_case.state.lesions == ()
    assert at_case.state.activities == ()
    server.gate.set()
    at_case.settle()
    at_case.workflow.redo()
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))


def test_quick_nudges_are_one_step(marked):
    for size in (11.0, 10.0, 9.0, 8.0):
        marked.workflow.resize(marked.lesion().id, size)
    marked.settle()
    marked.workflow.undo()
    assert marked.lesion().size_mm == 12.0


def test_a_new_action_ends_redo(marked):
    marked.workflow.place_point(FAR, 6.0)
    marked.workflow.undo()
    assert marked.state.can_redo
    marked.workflow.place_point(NEAR, 6.0)
    assert not marked.state.can_redo


def test_a_frozen_lesion_cannot_be_changed_and_keeps_its_voxels(marked):
    lesion = marked.lesion()
    marked.workflow.freeze(lesion.id)
    before = marked.voxels()
    for act in (
        lambda: marked.workflow.move(lesion.id, FAR),
        lambda: marked.workflow.resize(lesion.id, 5.0),
        lambda: marked.workflow.exclude(NEAR),
        lambda: marked.workflow.delete(lesion.id),
        lambda: marked.workflow.run_again(lesion.id),
    ):
        marked.workflow.dismiss_notice()
        act()
        assert "frozen" in marked.said
    marked.workflow.place_point(NEAR, 12.0)
    marked.settle()
    np.testing.assert_array_equal(marked.voxels(0), before)
    np.testing.assert_array_equal(marked.voxels(1), ball(NEAR, 12.0) & ~before)
    assert (before & ball(NEAR, 12.0)).any()


def test_a_lesion_without_a_mask_cannot_be_frozen(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.freeze(at_case.lesion().id)
    assert "yet" in at_case.said
    assert not at_case.lesion().frozen


def test_undo_has_an_end(marked):
    for _ in range(3):
        marked.workflow.undo()
    assert marked.state.lesions == ()
    assert not marked.state.can_undo


def test_a_failed_change_is_no_step(marked):
    marked.workflow.undo()
    marked.workflow.redo()
    marked.workflow.move(marked.lesion().id, (900.0, 0.0, 0.0))
    marked.workflow.undo()
    assert marked.state.lesions == ()


def test_marks_can_be_made_and_taken_back_while_the_server_is_lost(marked, server):
    server.up = False
    marked.workflow.place_point(FAR, 6.0)
    marked.settle()
    assert marked.state.connection.status == "lost"
    marked.workflow.undo()
    marked.workflow.undo()
    marked.workflow.redo()
    np.testing.assert_array_equal(marked.voxels(), ball(MIDDLE, 12.0))

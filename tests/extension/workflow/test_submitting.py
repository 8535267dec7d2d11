"""A submitted label is where it should be, or the reader hears plainly why not, and has everything still."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.errors import BadAnswer, Refused, ServerFault, ServerLost
from tests.extension.workflow.desk import Desk
from tests.extension.workflow.fakes import FakeClient, ball
from tests.server.conftest import ras, read_nifti

MIDDLE = ras((20, 18, 15))
FAR = ras((8, 9, 10))


@pytest.fixture
def marked(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    assert at_case.state.case.unsaved
    return at_case


def test_masks_marks_presence_and_provenance_go_to_the_server(marked, server):
    marked.workflow.set_presence("cancer", True)
    marked.workflow.submit()
    marked.settle()
    assert "saved" in marked.said
    assert not marked.state.case.unsaved
    assert marked.state.case.revision == "rev-1"
    assert server.presence == {"case_a": {"cancer": True}}
    assert "case_a" in server.marks
    case, parent, provenance = server.details("save_label")[0]
    assert (case, parent) == ("case_a", None)
    assert (provenance.author, provenance.client_id, provenance.model_version) == (
        "reader A",
        "desk-reader A",
        "fake-1",
    )
    assert provenance.prompts[0]["point_mm"] == list(MIDDLE)
    marked.workflow.resize(marked.lesion().id, 10.0)
    marked.settle()
    marked.workflow.submit()
    marked.settle()
    assert server.details("save_label")[1][1] == "rev-1"


def test_a_change_while_the_label_travels_is_still_unsaved(marked, server):
    server.gate.clear()
    marked.workflow.submit()
    marked.workflow.set_presence("cancer", True)
    server.gate.set()
    marked.settle()
    assert marked.state.case.revision == "rev-1"
    assert marked.state.case.unsaved


def test_a_mask_that_is_on_its_way_is_waited_for(marked, server):
    server.gate.clear()
    marked.workflow.place_point(FAR, 6.0)
    marked.workflow.submit()
    assert "on its way" in marked.said
    assert server.count("save_label") == 0


def test_a_second_reader_was_faster_and_nothing_is_lost(marked, server, tmp_path):
    other = Desk(lambda url, token: FakeClient(server, url), tmp_path / "other", author="reader B")
    other.workflow.connect("http://fake")
    other.settle()
    other.workflow.open_case("case_a")
    other.settle()
    other.workflow.place_point(FAR, 6.0)
    other.settle()
    other.workflow.submit()
    other.settle()
    other.close()
    marked.workflow.submit()
    marked.settle()
    assert "Somebody else saved case_a" in marked.said
    assert "Both labels are kept" in marked.said
    assert marked.state.conflict == "rev-1"
    assert marked.state.case.unsaved
    np.testing.assert_array_equal(marked.voxels(), ball(MIDDLE, 12.0))
    sent = server.count("save_label")
    marked.workflow.submit()
    marked.settle()
    assert server.count("save_label") == sent  # not before the reader says so
    marked.workflow.submit(over_conflict=True)
    marked.settle()
    assert server.details("save_label")[-1][1] == "rev-1"
    assert marked.state.conflict == ""
    assert not marked.state.case.unsaved


def test_a_label_that_had_arrived_before_the_line_broke_is_no_conflict(marked, server):
    class Broken(FakeClient):
        def save_label(self, *args, **kwargs):
            super().save_label(*args, **kwargs)
            raise ServerLost("The server broke the connection off.")

    marked.workflow._connecting._client_factory = lambda url, token: Broken(server, url)
    marked.workflow.reconnect()
    marked.settle()
    marked.workflow.submit()
    marked.settle()
    assert marked.state.connection.status == "lost"
    assert marked.state.case.unsaved
    marked.workflow._connecting._client_factory = lambda url, token: FakeClient(server, url)
    marked.workflow.reconnect()
    marked.settle()
    marked.workflow.submit()
    marked.settle()
    assert marked.state.conflict == ""
    assert marked.state.case.revision == "rev-1"
    assert not marked.state.case.unsaved


@pytest.mark.parametrize(
    "error",
    [
        ServerFault("The server failed: the server's disk is full; make room there and send it again.", 507),
        BadAnswer("The server keeps another label of case_a."),
    ],
)
def test_a_refusal_keeps_the_work(marked, server, error):
    server.will_refuse("save_label", error)
    marked.workflow.submit()
    marked.settle()
    assert str(error) in marked.said
    assert "still here" in marked.said
    assert marked.state.case.unsaved
    marked.workflow.submit()
    marked.settle()
    assert not marked.state.case.unsaved


def test_masks_without_marks_are_said_and_can_be_sent_again(marked, server):
    server.will_refuse("save_marks", Refused("The server refused: the disk is full.", 507))
    marked.workflow.submit()
    marked.settle()
    assert "but not its marks" in marked.said
    assert marked.state.case.unsaved
    assert marked.state.case.revision == "rev-1"
    marked.workflow.submit()
    marked.settle()
    assert not marked.state.case.unsaved
    assert "case_a" in server.marks


def test_what_is_sent_is_what_was_shown(marked, server):
    marked.workflow.place_point(FAR, 6.0)
    marked.settle()
    marked.workflow.submit()
    marked.settle()
    import nrrd

    path = server.labels["case_a"][0][1]
    array = nrrd.read(str(path))[0] if path.suffix == ".nrrd" else read_nifti(path.read_bytes())[0]
    np.testing.assert_array_equal(array == 1, ball(MIDDLE, 12.0))
    np.testing.assert_array_equal(array == 2, ball(FAR, 6.0))

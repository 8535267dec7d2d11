"""The server is found, lost and found again, and the work stays."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.client import Client
from LesionLabLib.errors import NotOurs, Refused
from tests.extension.workflow.desk import Desk
from tests.extension.workflow.fakes import FakeClient, FakeServer, ball
from tests.extension.workflow.test_cases import volume
from tests.server.conftest import ras

MIDDLE = ras((20, 18, 15))
FAR = ras((8, 9, 10))


def test_connecting_gives_tasks_cases_and_strategies(desk):
    assert desk.state.connection.server_version == "0.1.0"
    assert [task.name for task in desk.state.tasks] == ["find", "outline"]
    assert desk.state.task == "outline"  # a click that becomes a mask comes first, wherever it stands
    assert [case.image for case in desk.state.cases] == ["case_a", "case_b", "case_c"]
    assert desk.state.strategies == ("first",)
    assert [version.version for version in desk.state.versions] == ["v1"]


def test_a_stock_server_is_said_plainly(server, tmp_path):
    desk = Desk(lambda url, token: FakeClient(server, url), tmp_path / "desk")
    server.will_refuse("server", NotOurs("This is a stock MONAI Label server, not LesionLab."))
    desk.workflow.connect("http://fake")
    desk.settle()
    assert desk.state.connection.status == "none"
    assert "stock MONAI Label" in desk.said
    assert "stock MONAI Label" in desk.state.connection.message
    desk.close()


def test_an_address_that_is_none_leaves_the_connection_as_it_is(at_case):
    at_case.workflow._connecting._client_factory = Client
    at_case.workflow.connect("http://[nonsense")
    assert at_case.state.notice.level == "error"
    assert at_case.state.connection.status == "ready"
    assert at_case.state.case.name == "case_a"


def test_a_server_that_is_lost_in_the_middle_of_a_request_loses_nothing(at_case, server):
    at_case.workflow.place_point(FAR, 6.0)
    at_case.settle()
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.until(lambda _: server.count("infer") == 2)
    server.up = False
    server.gate.set()
    at_case.settle()
    assert at_case.state.connection.status == "lost"
    assert "reconnect" in at_case.said
    assert [lesion.status for lesion in at_case.state.lesions] == ["done", "waiting"]
    np.testing.assert_array_equal(at_case.voxels(0), ball(FAR, 6.0))
    assert len(at_case.scene.read_marks()) == 2


def test_after_reconnecting_unfinished_marks_are_asked_again(at_case, server):
    server.up = False
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.place_point(FAR, 6.0)
    at_case.workflow.resize(at_case.lesion(1).id, 7.0)
    at_case.settle()
    assert [lesion.status for lesion in at_case.state.lesions] == ["waiting", "waiting"]
    server.up = True
    at_case.workflow.reconnect()
    at_case.settle()
    assert at_case.state.connection.status == "ready"
    np.testing.assert_array_equal(at_case.voxels(0), ball(MIDDLE, 12.0))
    np.testing.assert_array_equal(at_case.voxels(1), ball(FAR, 7.0))
    assert at_case.state.case.unsaved


def test_after_reconnecting_the_session_is_built_again(desk, server):
    desk.workflow.use_volume(volume(desk).GetID())
    desk.workflow.place_point(MIDDLE, 6.0)
    desk.settle()
    server.up = False
    desk.workflow.place_point(FAR, 6.0)
    desk.settle()
    server.sessions.clear()  # it was started again
    server.up = True
    desk.workflow.reconnect()
    desk.settle()
    assert server.count("open_session") == 2
    assert desk.state.case.session in server.sessions
    assert [lesion.status for lesion in desk.state.lesions] == ["done", "done"]
    asked = server.count("infer")
    server.up = False
    desk.workflow.refresh_cases()
    desk.settle()
    server.up = True
    desk.workflow.reconnect()
    desk.settle()
    assert server.count("open_session") == 3  # though nothing was left to ask
    assert server.count("infer") == asked


def test_a_lost_server_is_not_asked_again_and_again(at_case, server):
    server.up = False
    for step in range(5):
        at_case.workflow.place_point(ras((10 + step, 18, 15)), 6.0)
    at_case.settle()
    assert server.count("infer") == 1


def test_reconnecting_in_vain_keeps_all(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    server.up = False
    at_case.workflow.reconnect()
    at_case.settle()
    assert at_case.state.connection.status == "lost"
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    at_case.workflow.submit()
    assert "reconnect" in at_case.said
    server.up = True
    at_case.workflow.reconnect()
    at_case.settle()
    at_case.workflow.submit()
    at_case.settle()
    assert not at_case.state.case.unsaved


def test_reconnecting_while_a_request_runs_asks_it_again(at_case, server):
    server.gate.clear()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.until(lambda _: server.count("infer") == 1)
    at_case.workflow.reconnect()
    server.gate.set()
    at_case.settle()
    assert at_case.lesion().status == "done"
    assert server.count("infer") == 2


def test_without_a_server_a_mark_waits_and_is_asked_when_one_answers(server, tmp_path):
    desk = Desk(lambda url, token: FakeClient(server, url), tmp_path / "alone")
    desk.workflow.use_volume(volume(desk).GetID())
    desk.workflow.place_point(MIDDLE, 12.0)
    assert desk.lesion().status == "waiting"
    assert "no server" in desk.lesion().message
    desk.workflow.connect("http://fake")
    desk.settle()
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))
    desk.close()


def test_a_case_is_not_submitted_to_another_server(at_case, tmp_path):
    other = FakeServer(tmp_path / "other server")
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    first = at_case.workflow._connecting._client_factory
    at_case.workflow._connecting._client_factory = lambda url, token: FakeClient(other, url)
    at_case.workflow.connect("http://other")
    at_case.settle()
    assert "came from http://fake" in at_case.said
    at_case.workflow.submit()
    assert "no case of this server" in at_case.said
    at_case.workflow.place_point(FAR, 6.0)
    at_case.settle()
    assert other.count("open_session") == 1
    np.testing.assert_array_equal(at_case.voxels(1), ball(FAR, 6.0))
    at_case.workflow._connecting._client_factory = first
    at_case.workflow.connect("http://fake")
    at_case.settle()
    at_case.workflow.submit()
    at_case.settle()
    assert not at_case.state.case.unsaved


def test_disconnecting_leaves_the_scene(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.disconnect()
    assert at_case.state.connection.status == "none"
    assert at_case.state.tasks == ()
    np.testing.assert_array_equal(at_case.voxels(), ball(MIDDLE, 12.0))
    at_case.workflow.refresh_cases()
    assert "no server" in at_case.said.lower()


def test_a_refused_list_of_cases_is_said(desk, server):
    server.will_refuse("cases", Refused("The server wants a token.", 401))
    desk.workflow.refresh_cases()
    desk.settle()
    assert "token" in desk.said


def test_an_error_that_nobody_foresaw_is_said_and_logged(at_case, server, caplog):
    server.will_refuse("infer", ZeroDivisionError("oops"))
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    assert at_case.lesion().status == "failed"
    assert "ZeroDivisionError" in at_case.said
    assert "nobody foresaw" in caplog.text


def test_a_closed_workflow_does_and_tells_nothing(at_case):
    heard = []
    at_case.workflow.subscribe(heard.append)
    at_case.workflow.close()
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.workflow.tick()
    at_case.workflow.close()
    assert heard == []


def test_who_unsubscribed_hears_nothing(at_case):
    heard = []
    unsubscribe = at_case.workflow.subscribe(heard.append)
    at_case.workflow.set_presence("cancer", True)
    assert heard[-1].presence == (("cancer", True),)
    unsubscribe()
    unsubscribe()
    before = len(heard)
    at_case.workflow.set_presence("cancer", False)
    assert len(heard) == before


@pytest.mark.parametrize("name", ["case_b", "case_c"])
def test_every_case_opens(desk, name):
    desk.workflow.open_case(name)
    desk.settle()
    assert desk.state.case.name == name

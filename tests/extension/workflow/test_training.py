"""A training is started, followed, stopped, and never stands in the way of a click."""

from __future__ import annotations

from dataclasses import replace

from LesionLabLib.answers import Comparison, Training, Version
from LesionLabLib.errors import Conflict, Refused
from tests.server.conftest import ras

RUNNING = Training("job-1", "outline", "running", epoch=1, epochs=2, step=3, steps=10, loss=0.5)


def test_progress_is_followed_until_it_is_done_and_compared(desk, server):
    server.training = RUNNING
    desk.workflow.start_training(2)
    desk.until(lambda state: state.training is not None)
    assert server.details("start_training") == [("outline", 2)]
    assert desk.state.training.share == 0.3
    server.training = replace(RUNNING, step=7)
    desk.until(lambda state: state.training.step == 7)
    comparison = Comparison("dice", True, "better on the test patients", 6, 0.81, 0.84, 0.03, 0.01, 0.05)
    server.versions = (Version("v2", current=True), Version("v1"))
    server.training = replace(RUNNING, state="done", version="v2", comparison=comparison)
    desk.until(lambda state: state.training.over)
    assert "v2 is in use now (dice 0.810 before, 0.840 now, on 6 cases)" in desk.said
    desk.settle()
    assert [version.version for version in desk.state.versions] == ["v2", "v1"]
    polls = server.count("training")
    desk.ticks(0.05)
    assert server.count("training") == polls


def test_one_training_at_a_time(desk, server):
    server.training = RUNNING
    desk.workflow.start_training()
    desk.until(lambda state: state.training is not None)
    desk.workflow.start_training()
    assert "runs already" in desk.said
    assert server.count("start_training") == 1


def test_it_can_be_cancelled(desk, server):
    server.training = RUNNING
    desk.workflow.start_training()
    desk.until(lambda state: state.training is not None)
    desk.workflow.cancel_training()
    desk.until(lambda _: server.count("cancel_training") == 1)
    server.training = replace(RUNNING, state="cancelled")
    desk.until(lambda state: state.training.over)
    assert "cancelled" in desk.said
    desk.workflow.cancel_training()
    assert "No training runs" in desk.said


def test_a_failure_says_why(desk, server):
    server.training = replace(RUNNING, state="failed", message="no labels yet")
    desk.workflow.start_training()
    desk.until(lambda state: state.training is not None)
    assert "no labels yet" in desk.said


def test_a_refused_start_says_why(desk, server):
    server.will_refuse("start_training", Conflict("The server has something newer: a job runs already."))
    desk.workflow.start_training()
    desk.settle()
    assert "a job runs already" in desk.said
    assert desk.state.training is None
    desk.workflow.start_training(0)
    assert "at least one epoch" in desk.said


def test_a_click_never_waits_for_a_poll(at_case, server):
    server.training = RUNNING
    at_case.workflow.start_training()
    at_case.until(lambda state: state.training is not None)
    server.gate.clear()
    at_case.workflow.place_point(ras((20, 18, 15)), 6.0)
    at_case.until(lambda _: server.count("infer") == 1)
    polls = server.count("training")
    at_case.ticks(0.05)  # five polls' time
    assert server.count("training") == polls
    assert [activity.text for activity in at_case.state.activities] == ["Outlining Lesion 1"]
    server.gate.set()
    at_case.settle()


def test_polls_are_not_shown_as_activities(desk, server):
    server.training = RUNNING
    shown = []
    desk.workflow.subscribe(lambda state: shown.extend(activity.text for activity in state.activities))
    desk.workflow.start_training()
    desk.until(lambda _: server.count("training") > 3)
    assert set(shown) <= {"Starting the training"}


def test_following_goes_on_after_reconnecting(desk, server):
    server.training = RUNNING
    desk.workflow.start_training()
    desk.until(lambda state: state.training is not None)
    server.up = False
    desk.until(lambda state: state.connection.status == "lost")
    server.up = True
    server.training = replace(RUNNING, step=9)
    desk.workflow.reconnect()
    desk.until(lambda state: state.training.step == 9)


def test_a_training_that_the_server_forgot_is_given_up(desk, server):
    server.training = RUNNING
    desk.workflow.start_training()
    desk.until(lambda state: state.training is not None)
    server.will_refuse("training", Refused("The server refused: no such job.", 404))
    desk.until(lambda state: state.training is None)
    assert "nothing of this training" in desk.said


def test_another_version_can_be_used(desk, server):
    server.versions = (Version("v2"), Version("v1", current=True))
    desk.workflow.use_version("v2")
    desk.settle()
    assert server.details("use_version") == [("outline", "v2")]
    assert "v2" in desk.said
    assert desk.state.versions[0].version == "v2"


def test_another_version_answers_the_same_click_anew(at_case, server):
    at_case.workflow.place_point(ras((20, 18, 15)), 6.0)
    at_case.settle()
    lesion_id = at_case.lesion().id
    at_case.workflow.resize(lesion_id, 8.0)
    at_case.settle()
    at_case.workflow.resize(lesion_id, 6.0)
    at_case.settle()
    assert server.count("infer") == 2  # the second 6 mm is known
    at_case.workflow.use_version("v1")
    at_case.settle()
    at_case.workflow.resize(lesion_id, 8.0)
    at_case.settle()
    assert server.count("infer") == 3

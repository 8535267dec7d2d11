"""Each route of the contract: what is asked, and what is made of the answer."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from LesionLabLib.answers import Case, Comparison, Lease, Source, Training, Version
from LesionLabLib.client import Client
from LesionLabLib.errors import BadAnswer, ExtensionError, Refused, TooOld
from tests.extension.client.info import INFO
from tests.extension.client.stage import answers, heard, respond, stage


def asked(body, call, status="200 OK"):
    """What a call makes of an answer, and its request line and body."""
    with stage(answers(body, status)) as server:
        result = call(Client(server.url))
        request = server.requests[-1]
    return result, request.line.rpartition(" ")[0], request.body


def test_cases_with_labels_marks_lease_and_presence():
    full = {
        "image": "case_a", "labels": ["final", "original"], "marks": True, "revision": "r1",
        "lease": {"holder": "slicer-1", "until": "2026-01-01T10:00:00+00:00"}, "presence": {"disease": True, "motion": False},
    }  # fmt: skip
    bare = {"image": "case_b", "labels": [], "marks": False, "revision": None, "lease": None}
    cases, line, _ = asked([full, bare], Client.cases)

    assert line == "GET /cases/"
    lease = Lease("slicer-1", "2026-01-01T10:00:00+00:00")
    presence = (("disease", True), ("motion", False))
    assert cases == (Case("case_a", ("final", "original"), True, "r1", lease, presence), Case("case_b"))


def test_the_next_case_is_asked_for_by_strategy_and_leased():
    case, line, body = asked({"id": "case_c", "path": "..."}, lambda c: c.next_case("uncertainty", "slicer-1"))

    assert (case, line) == ("case_c", "POST /activelearning/uncertainty")
    assert json.loads(body) == {"client_id": "slicer-1"}


def test_no_case_is_left_when_the_server_names_none():
    assert asked({}, lambda c: c.next_case("first", "x"))[0] is None


def test_a_lease_is_taken_and_given_back():
    assert asked({}, lambda c: c.hold("a b", "me"))[1] == "PUT /cases/a%20b/lease?client_id=me"
    assert asked({}, lambda c: c.give_back("a b", "me"))[1] == "DELETE /cases/a%20b/lease?client_id=me"


def test_presence_is_said_of_a_whole_case():
    _, line, body = asked({}, lambda c: c.save_presence("case_a", "disease", False, "Dr. X"))

    assert line == "PUT /cases/case_a/labels"
    assert json.loads(body) == {"label": "disease", "present": False, "reader": "Dr. X"}


def test_marks_go_and_come_as_they_are():
    marks = b'{"markups": []}\xc3\xa9'
    found, line, _ = asked(marks, lambda c: c.fetch_marks("case_a"))
    assert (found, line) == (marks, "GET /datastore/marks?image=case_a")

    _, line, body = asked({"image": "case_a"}, lambda c: c.save_marks("case_a", marks))
    assert line == "PUT /datastore/marks?image=case_a"
    assert b'name="marks"; filename="marks.mrk.json"\r\n\r\n' + marks + b"\r\n--" in body


def test_a_task_is_asked_for_a_crop_in_json_and_its_kind_is_known_from_the_handshake():
    def act(connection, here):
        request = heard(connection, here)
        respond(connection, INFO if "/info/" in request.line else {"diameter_mm": 3})

    request = {"point_mm": np.array([1.0, 2.0, 3.0]), "size_mm": np.float64(4), "exclude_mm": ((1, 2, 3),)}
    with stage(act) as server:
        client = Client(server.url)
        answer = client.infer("ball", Source(case="case_a"), request)
        client.infer("ball", Source(session="s 1"), request)
        lines = [each.line.rpartition(" ")[0] for each in server.requests]
        body = server.requests[1].body

    assert (answer.kind, answer.diameter_mm) == ("shape", 3.0)
    assert lines == [
        "GET /info/",
        "POST /infer/ball?image=case_a&output=json",
        "POST /infer/ball?session_id=s%201&output=json",
    ]
    params = json.loads(body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0])
    assert params == {"point_mm": [1.0, 2.0, 3.0], "size_mm": 4.0, "exclude_mm": [[1, 2, 3]], "result": "crop"}


def test_a_number_that_is_none_never_leaves_this_computer():
    with stage(answers(INFO)) as server:
        with pytest.raises(ExtensionError, match="infinite or none"):
            Client(server.url).infer("ball", Source("a"), {"size_mm": math.nan})
        assert not any("/infer/" in request.line for request in server.requests)


TRAINING = {
    "id": "j1", "task": "ball", "kind": "train", "state": "running", "epoch": 2, "epochs": 10, "step": 30, "steps": 200,
    "loss": 0.5, "score": None, "remaining_s": 12.5, "message": "Training", "created": "2026-01-01", "version": None,
    "comparison": None,
}  # fmt: skip


def test_a_training_is_started_watched_and_stopped():
    job, line, body = asked({"id": "x", "job": "j1"}, lambda c: c.start_training("ball", 7))
    assert (job, line, json.loads(body)) == ("j1", "POST /train/ball", {"epochs": 7})
    assert json.loads(asked({"job": "j1"}, lambda c: c.start_training("ball"))[2]) == {}

    training, line, _ = asked(TRAINING, lambda c: c.training("j1"))
    assert line == "GET /jobs/j1"
    assert training == Training(
        "j1", "ball", "running", 2, 10, 30, 200, 0.5, None, 12.5, "Training", "2026-01-01", None, None
    )
    assert training.share == 0.15
    assert not training.over

    assert asked({}, lambda c: c.cancel_training("j1"))[1] == "DELETE /jobs/j1"


def test_a_training_that_is_done_is_compared():
    comparison = {
        "metric": "dice", "current": 0.81, "new": 0.84, "difference": 0.03, "low": 0.01, "high": 0.05, "cases": 6,
        "promoted": True, "reason": "It is not worse.",
    }  # fmt: skip
    body = {**TRAINING, "state": "done", "version": "v3", "comparison": comparison}
    training = asked(body, lambda c: c.training("j1"))[0]

    assert training.over
    assert training.share == 1.0
    assert training.version == "v3"
    assert training.comparison == Comparison("dice", True, "It is not worse.", 6, 0.81, 0.84, 0.03, 0.01, 0.05)


def test_a_training_without_test_patients_has_nothing_to_compare_by():
    comparison = {"metric": "dice", "promoted": True, "reason": "first", "current": None, "new": None, "cases": 0}
    found = asked({**TRAINING, "comparison": comparison}, lambda c: c.training("j1"))[0].comparison

    assert (found.current, found.low, found.cases) == (None, None, 0)


@pytest.mark.parametrize(
    ("state", "steps", "share"), [("queued", 0, None), ("running", 0, None), ("cancelled", 200, 0.15), ("done", 0, 1.0)]
)
def test_the_share_of_a_training_is_not_invented(state, steps, share):
    body = {**TRAINING, "state": state, "steps": steps}

    assert asked(body, lambda c: c.training("j1"))[0].share == share


def test_versions_newest_first_and_one_is_chosen():
    newer = {
        "version": "v2", "current": True, "created": "2026-01-02", "parent": "v1", "scores": {"dice": 0.84}, "labels": 12,
        "reason": "not worse",
    }  # fmt: skip
    shipped = {"version": "shipped", "current": False, "created": None, "parent": None, "scores": {}, "labels": 0}
    versions, line, _ = asked([newer, shipped], lambda c: c.versions("ball"))

    assert line == "GET /versions/ball"
    first = Version("v2", True, "2026-01-02", "v1", (("dice", 0.84),), 12, "not worse")
    assert versions == (first, Version("shipped"))
    assert asked({}, lambda c: c.use_version("ball", "v1"))[1] == "POST /versions/ball/v1/use"


NEWER = [
    Client.cases,
    lambda c: c.hold("a", "b"),
    lambda c: c.give_back("a", "b"),
    lambda c: c.fetch_marks("a"),
    lambda c: c.save_marks("a", b"{}"),
    lambda c: c.save_presence("a", "b", True, "c"),
    lambda c: c.training("a"),
    lambda c: c.cancel_training("a"),
    lambda c: c.versions("a"),
    lambda c: c.use_version("a", "b"),
]


@pytest.mark.parametrize("call", NEWER)
def test_a_server_from_before_a_route_is_too_old_for_it(call):
    with pytest.raises(TooOld, match="too old"):
        asked({"detail": "Not Found", "error": {"what": "Not Found"}}, call, "404 Not Found")


@pytest.mark.parametrize("call", [lambda c: c.training("a"), lambda c: c.versions("a"), lambda c: c.hold("a", "b")])
def test_a_thing_that_is_not_there_does_not_make_the_server_old(call):
    with pytest.raises(Refused, match="there is no such"):
        asked({"detail": "there is no such thing; got a"}, call, "404 Not Found")


def test_a_server_that_does_not_name_its_training_is_too_old():
    with pytest.raises(TooOld):
        asked({"status": "RUNNING"}, lambda c: c.start_training("ball"))


@pytest.mark.parametrize("call", [Client.cases, lambda c: c.versions("x")])
def test_an_object_where_a_list_was_agreed_is_refused(call):
    with pytest.raises(BadAnswer, match="expected a list"):
        asked({}, call)

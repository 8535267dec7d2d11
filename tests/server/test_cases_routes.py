"""The list of cases, what is noted with each, and who works on which."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from lesionlab.server.settings import Settings
from tests.server.conftest import fill, refused
from tests.server.test_in_process import running
from tests.server.test_ledger_routes import save, slabs

MARKUPS = {"markups": [{"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": [{"position": [1, 2, 3]}]}]}
NOTHING = {"labels": [], "marks": False, "revision": None, "lease": None, "presence": {}}


@pytest.fixture
def studies(tmp_path):
    return fill(tmp_path / "studies")


@pytest.fixture
def client(studies, monkeypatch):
    with running(studies, monkeypatch, Settings(lease_minutes=10)) as (app, found):
        found.ledger = app.ledger
        yield found


def case(client, image):
    return next(one for one in client.get("/cases/").json() if one["image"] == image)


def sample(client, holder, strategy="first"):
    return client.post(f"/activelearning/{strategy}", json={"client_id": holder} if holder else {}).json().get("id")


def test_the_server_says_that_it_is_lesionlab(client):
    import lesionlab

    assert client.get("/info/").json()["lesionlab"] == {"version": lesionlab.__version__, "api": 1}


def test_cases_are_listed_by_name_with_all_that_is_known(client):
    assert client.get("/cases/").json() == [{"image": f"case_{x}", **NOTHING} for x in "abc"]
    final = save(client, slabs(1), "", "case_b").json()["revision"]
    save(client, slabs(2), "", "case_b", "original")
    client.put("/datastore/marks?image=case_b", files={"marks": ("m.mrk.json", json.dumps(MARKUPS))})
    client.put("/cases/case_b/labels", json={"label": "disease", "present": True, "reader": "anna"})
    client.put("/cases/case_b/labels", json={"label": "artefact", "present": False})
    assert case(client, "case_b") == {
        "image": "case_b",
        "labels": ["final", "original"],
        "marks": True,
        "revision": final,
        "lease": None,
        "presence": {"disease": True, "artefact": False},
    }
    assert case(client, "case_a") == {"image": "case_a", **NOTHING}


def test_marks_come_back_as_they_were_sent(client, studies):
    refused(client.get("/datastore/marks?image=case_a"), 404, "no marks")
    text = json.dumps(MARKUPS, indent=3)
    sent = client.put("/datastore/marks?image=case_a", files={"marks": ("anything", text)})
    assert sent.json() == {"image": "case_a"}
    assert client.get("/datastore/marks?image=case_a").text == text
    assert (studies / "marks" / "case_a.mrk.json").read_text() == text
    for wrong, words in (("{}", "markups"), ("x", "not JSON"), ('{"markups": 3}', "markups")):
        refused(client.put("/datastore/marks?image=case_a", files={"marks": ("m", wrong)}), 422, words)
    assert client.get("/datastore/marks?image=case_a").text == text
    refused(client.put("/datastore/marks?image=nobody", files={"marks": ("m", text)}), 404, "nobody")
    too_large = json.dumps({**MARKUPS, "note": "x" * 4 * 1024 * 1024})
    refused(client.put("/datastore/marks?image=case_a", files={"marks": ("m", too_large)}), 413, "too large")
    refused(client.put("/datastore/marks?image=..%2fx", files={"marks": ("m", text)}), 422, "not a valid name")


def test_presence_is_read_strictly(client):
    for body, words in (
        ({"label": "disease", "present": 1}, "present"),
        ({"label": "../x", "present": True}, "label"),
        ({"label": "disease"}, "present"),
        ({"label": "disease", "present": True, "raeder": "x"}, "did you mean 'reader'"),
    ):
        refused(client.put("/cases/case_a/labels", json=body), 422, words)
    refused(client.put("/cases/nobody/labels", json={"label": "disease", "present": True}), 404, "nobody")
    assert case(client, "case_a")["presence"] == {}


@pytest.mark.parametrize("strategy", ["first", "random"])
def test_three_who_ask_for_a_case_get_three_cases_and_the_fourth_none(client, strategy):
    handed = [sample(client, name, strategy) for name in ("anna", "ben", "cleo", "dora")]
    assert sorted(handed[:3]) == ["case_a", "case_b", "case_c"]
    assert handed[3] is None
    assert sample(client, None, strategy) is None
    assert client.delete(f"/cases/{handed[1]}/lease?client_id=ben").json() == {"image": handed[1], "ended": True}
    assert sample(client, "dora", strategy) == handed[1]


def test_a_lease_is_shown_and_ends_by_itself(client):
    assert sample(client, "anna") == "case_a"
    lease = case(client, "case_a")["lease"]
    left = datetime.fromisoformat(lease["until"]) - datetime.now(UTC)
    assert lease["holder"] == "anna"
    assert 590 < left.total_seconds() <= 600
    # Whoever asks again works on one case only.
    assert sample(client, "anna") == "case_a"
    assert sample(client, "ben") == "case_b"
    client.ledger.leases._clock = lambda: datetime.now(UTC).timestamp() + 601
    assert case(client, "case_a")["lease"] is None
    assert sample(client, "ben") == "case_a"


def test_a_case_can_be_taken_without_a_strategy(client):
    assert client.put("/cases/case_b/lease?client_id=anna").json()["lease"]["holder"] == "anna"
    refused(client.put("/cases/case_b/lease?client_id=ben"), 409, "somebody else works on 'case_b'")
    assert sample(client, "ben") == "case_a"
    assert sample(client, "cleo") == "case_c"
    refused(client.put("/cases/case_b/lease"), 422, "client_id")
    refused(client.put("/cases/nobody/lease?client_id=anna"), 404, "nobody")
    assert client.delete("/cases/case_b/lease?client_id=ben").json()["ended"] is False


def test_a_labelled_case_is_not_handed_out(client):
    save(client, slabs(1), "")
    assert sample(client, "anna") == "case_b"

"""Training over HTTP with real processes, on a network small enough to take seconds."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from lesionlab.predict import Predictor
from lesionlab.server.settings import Settings
from tests.server.conftest import free_port, process, refused
from tests.server.test_in_process import running
from tests.server.training import TINY, write_studies, write_task

PATIENCE_S = 120


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A server process of its own, with a task that trains in seconds and one that trains for long."""
    import sys

    folder = tmp_path_factory.mktemp("jobs")
    studies, tasks = write_studies(folder / "studies"), write_task(folder / "tasks")
    (tasks / "endless.yaml").write_text(TINY.replace("epochs: 2, steps: 3", "epochs: 100000, steps: 2"))
    port = free_port()
    command = [sys.executable, "-m", "lesionlab", "serve", "--studies", str(studies), "--port", str(port)]
    with process([*command, "--tasks", str(tasks)], port, folder / "server.log") as client:
        yield client, studies


def ended(client, job):
    deadline = time.monotonic() + PATIENCE_S
    while (found := client.get(f"/jobs/{job}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def events(client, job):
    """Each event of a job with the time when it came, to the last one."""
    found = []
    with client.stream("GET", f"/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                assert line.startswith("data: ")
                found.append((time.monotonic(), json.loads(line.removeprefix("data: "))))
    return found


def test_a_training_tells_how_it_goes_survives_a_kill_and_its_version_answers(room):
    client, studies = room
    started = client.post("/train/tiny", json={"epochs": 25, "seed": 1, "fresh": True}).json()
    assert started["status"] in ("SUBMITTED", "RUNNING")
    job = started["job"]
    deadline = time.monotonic() + PATIENCE_S
    while not (studies / ".lesionlab" / "training" / job / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline, client.get(f"/jobs/{job}").json()
        time.sleep(0.02)
    os.kill(worker(studies, job), signal.SIGKILL)
    began = time.monotonic()
    found = events(client, job)
    times = [began, *(when for when, _ in found)]
    assert max(b - a for a, b in pairwise(times)) < 2
    last = found[-1][1]
    assert (last["state"], last["version"], last["epoch"], last["step"]) == ("done", "v1", 25, 75)
    assert last["comparison"]["reason"] == "promoted: the task had no model before"
    steps = [event["step"] for _, event in found if event["message"] == "training"]
    assert steps == sorted(steps)
    assert any(event["remaining_s"] for _, event in found if event["state"] == "running")
    log = (studies / ".lesionlab" / "logs" / f"{job}.log").read_text()
    assert "resuming after epoch" in log
    assert client.get("/jobs/").json()[0] == client.get(f"/jobs/{job}").json()
    mirror = client.get("/train/").json()
    assert (mirror["id"], mirror["status"], mirror["request"]["model"]) == (job, "DONE", "tiny")
    datetime.strptime(mirror["end_ts"], "%Y-%m-%d %H:%M:%S")

    info = client.get("/info/").json()["models"]
    assert (info["tiny"]["version"], info["lesion_shape"]["version"]) == ("v1", "shipped")
    click = {"params": json.dumps({"point_mm": [20, 20, 20], "size_mm": 12.0})}
    answer = client.post("/infer/tiny?image=ball00&output=json", data=click).json()
    assert answer["model_version"].startswith("tiny-v1-")


def worker(studies: Path, job: str) -> int:
    from lesionlab.store.jobs import Jobs

    number = Jobs(studies / ".lesionlab" / "jobs.sqlite").get(job).process
    assert number is not None
    return number


def test_cancelling_takes_effect_within_three_seconds_and_what_waits_is_cancelled_at_once(room):
    client, studies = room
    job = client.post("/train/endless", json={"fresh": True}).json()["job"]
    waiting = client.post("/train/tiny", json={}).json()["job"]
    while client.get(f"/jobs/{job}").json()["message"] != "training":
        time.sleep(0.1)
    number = worker(studies, job)
    assert client.get(f"/jobs/{waiting}").json()["state"] == "queued"
    assert client.delete(f"/jobs/{waiting}").json()["state"] == "cancelled"
    assert client.get("/train/?check_if_running=true").json()["id"] == job
    began = time.monotonic()
    assert client.delete("/train/").json()["status"] == "STOPPED"
    assert time.monotonic() - began < 3
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert client.get(f"/jobs/{job}").json()["state"] == "cancelled"
    assert events(client, job)[-1][1]["state"] == "cancelled"
    assert client.delete("/train/").json() is None


def test_a_version_is_chosen_by_a_person_and_rolled_back_by_the_same_call(room):
    client, _ = room
    job = client.post("/train/tiny", json={"epochs": 1, "seed": 2, "fresh": True}).json()["job"]
    found = ended(client, job)
    assert (found["version"], found["comparison"]["against"]) == ("v2", "v1")
    assert found["comparison"]["patients"] == 3
    current = [each["version"] for each in client.get("/versions/tiny").json() if each["current"]]
    assert current == ["v2" if found["comparison"]["promoted"] else "v1"]
    click = {"params": json.dumps({"point_mm": [20, 20, 20], "size_mm": 12.0})}
    for version in ("v2", "v1"):
        assert client.post(f"/versions/tiny/{version}/use").json()["version"] == version
        answer = client.post("/infer/tiny?image=ball00&output=json", data=click).json()
        assert answer["model_version"].startswith(f"tiny-{version}-")
        listed = client.get("/versions/tiny").json()
        assert [(each["version"], each["current"]) for each in listed] == [
            ("v2", version == "v2"),
            ("v1", version == "v1"),
            ("shipped", False),
        ]
    assert listed[1]["labels"] == 15
    assert set(listed[0]["scores"]) == {"dice", "validation"}
    refused(client.post("/versions/tiny/v9/use"), 404, "no such version", "v9")
    refused(client.get("/versions/tinny"), 404, "did you mean 'tiny'")


def test_what_is_wrong_is_refused_before_a_job_exists(room):
    client, _ = room
    before = len(client.get("/jobs/").json())
    refused(client.post("/train/tiny", json={"epochs": 0}), 422, "epochs", ">= 1")
    refused(client.post("/train/tiny", json={"device": "tpu"}), 422, "device", "'cpu', 'cuda'")
    refused(client.post("/train/tiny", json={"epoch": 2}), 422, "did you mean 'epochs'")
    refused(client.get("/jobs/nobody"), 404, "no such job")
    refused(client.get("/jobs/nobody/events"), 404, "no such job")
    refused(client.delete("/jobs/nobody"), 404, "no such job")
    assert len(client.get("/jobs/").json()) == before


def test_a_training_without_labels_fails_with_the_reason(tmp_path, monkeypatch):
    studies, tasks = write_studies(tmp_path / "studies", 1), write_task(tmp_path / "tasks")
    (studies / "labels" / "final" / "ball00.nii.gz").unlink()
    with running(studies, monkeypatch, Settings(tasks=(tasks,)), Predictor()) as (_, client):
        answer = client.post("/train/tiny?run_sync=true", json={"client_id": "me", "name": "run 1"}).json()
        assert answer["status"] == "ERROR"
        assert "there is nothing to train on" in answer["details"][0]
        assert "masks in labels/final" in answer["details"][0]

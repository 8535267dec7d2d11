"""Work that takes long: how far it is, and its end when nobody waits for it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.kind import Model
from lesionlab.predict import SHAPES, Predictor
from lesionlab.progress import Progress
from tests.server.conftest import fill, ras, refused
from tests.server.fakes import BallModel
from tests.server.test_in_process import running

STEPS = 200


class StepsModel(Model):
    """Takes ``STEPS`` steps of 20 ms, or as many as are let through, then points at two places."""

    version = "steps-1"

    def __init__(self, steps=STEPS) -> None:
        self.done = 0
        self.go = threading.Event()
        self._steps = steps

    def predict(self, volume, request):
        raise AssertionError("the server asks in steps")

    def predict_in_steps(self, volume, request, report):
        for step in range(1, self._steps + 1):
            self.go.wait(0.02)
            self.done = step
            report(Progress(step, self._steps, f"step {step}"))
        places = ((20, 18, 15), (8, 8, 8))
        return DetectResult(tuple(Candidate(tuple(ras(p)), 9.0, 0.9) for p in places), (0.5,), self.version)


class StepsPredictor(Predictor):
    def __init__(self, model) -> None:
        super().__init__()
        self._stand_in = model

    def model(self, task):
        return BallModel(task) if task.name == SHAPES else self._stand_in


@pytest.fixture
def studies(tmp_path):
    return fill(tmp_path / "studies")


def test_a_client_reads_how_far_its_request_is(studies, monkeypatch):
    model = StepsModel()
    with running(studies, monkeypatch, predictor=StepsPredictor(model)) as (_, client), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/infer/nodule_ct?image=case_a&output=json&progress=mine", data={})
        seen = []
        while len(seen) < 3:
            found = client.get("/infer/progress/mine")
            if found.status_code == 200 and found.json()["done"] not in [each["done"] for each in seen]:
                seen.append(found.json())
        refused(client.post("/infer/nodule_ct?image=case_a&progress=mine", data={}), 409, "mine")
        model.go.set()
        assert len(asked.result().json()["candidates"]) == 2
        assert [each["done"] for each in seen] == sorted(each["done"] for each in seen)
        assert seen[-1]["text"] == f"step {seen[-1]['done']}"
        refused(client.get("/infer/progress/mine"), 404, "mine")


def test_a_name_that_is_none_is_refused(studies, monkeypatch):
    with running(studies, monkeypatch, predictor=StepsPredictor(StepsModel(1))) as (_, client):
        refused(client.post("/infer/nodule_ct?image=case_a&progress=a%20b", data={}), 422, "progress", "letters")


def test_work_ends_when_the_client_goes_away(studies, monkeypatch):
    model = StepsModel()

    async def leave_early(border):
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/infer/nodule_ct",
            "query_string": b"image=case_a",
            "headers": [(b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 1),
        }
        messages = [{"type": "http.request", "body": b"", "more_body": False}]
        sent = []

        async def receive():
            if messages:
                return messages.pop()
            while model.done < 3:
                await asyncio.sleep(0.01)
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await border(scope, receive, send)
        return sent

    with running(studies, monkeypatch, predictor=StepsPredictor(model)) as (_, client), ThreadPoolExecutor(1) as pool:
        # In a thread of its own: a browser of other tests may have left a loop running in this one.
        assert pool.submit(asyncio.run, leave_early(client.app)).result() == []
        time.sleep(0.2)
        reached = model.done
        time.sleep(0.2)
        assert 3 <= reached == model.done < STEPS


def test_candidates_come_with_their_masks_in_one_call(studies, monkeypatch):
    with running(studies, monkeypatch, predictor=StepsPredictor(StepsModel(1))) as (_, client):
        params = {"params": json.dumps({"shape": True, "result": "crop"})}
        found = client.post("/infer/nodule_ct?image=case_a&output=json", data=params).json()
        assert [candidate["value"] for candidate in found["candidates"]] == [1, 2]
        assert [candidate["diameter_mm"] for candidate in found["candidates"]] == [9.0, 9.0]
        assert found["label_names"] == {"candidate 1": 1, "candidate 2": 2}
        assert found["mask"]["dtype"] == "uint8"

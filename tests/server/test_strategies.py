"""Disagreement and surprise through the server, with models whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.kind import Look
from lesionlab.kinds.shape.kind import ShapeKind
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.server import committee
from lesionlab.store.house import House
from lesionlab.store.versions import Versions
from tests.server.conftest import SHAPE, fill, label_bytes, ras
from tests.server.fakes import BallModel
from tests.server.test_in_process import running
from tests.server.test_looks import ask, mark
from tests.store.test_versions import version

#: The diameter that each version sees in an image, mm.
SIZES = {
    "ball-1": {"case_a": 10.0, "case_b": 10.0, "case_c": 10.0},
    "v1": {"case_a": 10.0, "case_b": 20.0, "case_c": 13.0},
    "shipped": {"case_a": 10.0, "case_b": 10.0, "case_c": 10.0},
}
FEATURES = {"case_a": 0.0, "case_b": 1.0, "case_c": 9.0}


@pytest.fixture(autouse=True)
def looks(monkeypatch):
    """What was looked at, by version and image."""
    asked = []

    def look(self, task, model, case, volume):
        name = case.image.name.removesuffix(".nii.gz")
        asked.append((model.version, name))
        request = ShapeRequest(point_mm=tuple(ras((20, 18, 15))), size_mm=SIZES[model.version][name])
        return Look(0.5, np.array([FEATURES[name]], np.float32), model.predict(volume, request))

    def load(self, task, folder=None):
        model = BallModel(task)
        model.version = "shipped" if folder is None else folder.name
        return model

    monkeypatch.setattr(ShapeKind, "look", look)
    monkeypatch.setattr(ShapeKind, "load", load)
    return asked


@pytest.fixture
def studies(tmp_path):
    folder = fill(tmp_path / "studies")
    mark(folder, "case_a", "case_b", "case_c")
    return folder


def keep_version(studies, name="v1"):
    weights = studies.parent / "weights"
    weights.write_bytes(b"numbers")
    made = version(name).model_copy(update={"task": "lesion_shape"})
    Versions(House.of(str(studies)).models).add(made, weights)


def test_the_image_about_which_versions_differ_most_is_offered(studies, monkeypatch, looks):
    keep_version(studies)
    with running(studies, monkeypatch) as (_, client):
        assert {"disagreement", "surprise"} <= set(client.get("/info/").json()["strategies"])
        assert ask(client, "disagreement", client_id="one") == "case_b"
        assert ask(client, "disagreement", client_id="two") == "case_c"
        assert {name for name, _ in looks} == {"ball-1", "v1"}
        before = len(looks)
        assert ask(client, "disagreement", client_id="one") == "case_b"
        assert len(looks) == before  # remembered


def test_a_committee_is_at_most_three_versions_the_newest(studies, monkeypatch):
    for number in range(1, 5):
        keep_version(studies, f"v{number}")
    with running(studies, monkeypatch) as (app, _):
        found = committee.Committee(app.learning.versions, app.predictor).models(app.tasks["lesion_shape"])
        assert [model.version for model in found] == ["ball-1", "v4", "v3"]


def test_annotators_who_differ_are_offered_for_a_decision(studies, monkeypatch):
    with running(studies, monkeypatch) as (_, client):
        first, second = np.zeros(SHAPE), np.zeros(SHAPE)
        first[5:15, 5:15, 5:15] = second[10:20, 5:15, 5:15] = 1

        def save(array, author, parent=""):
            files = {"label": ("l.nii.gz", label_bytes(array))}
            url = f"/datastore/label?image=case_a&tag=final&parent={parent}"
            return client.put(url, files=files, data={"params": f'{{"author": "{author}"}}'})

        head = save(first, "ann").json()["revision"]
        assert ask(client, "disagreement", client_id="one") == "case_b"
        assert save(second, "ben").status_code == 409
        assert ask(client, "disagreement", client_id="one") == "case_a"
        # Somebody works on it: the next one is offered to others.
        assert ask(client, "disagreement", client_id="two") == "case_b"
        assert save(second, "cid", head).status_code == 200
        assert ask(client, "disagreement", client_id="one") == "case_c"


def test_surprise_is_what_the_labelled_images_do_not_look_like(studies, monkeypatch, looks):
    with running(studies, monkeypatch) as (_, client):
        # Nothing is labelled: the features are 0, 1 and 9, and 9 is the odd one out.
        assert ask(client, "surprise") == "case_c"
        for image in ("case_b", "case_c"):
            files = {"label": ("l.nii.gz", label_bytes(np.ones(SHAPE)))}
            client.put(f"/datastore/label?image={image}&tag=final", files=files)
        assert ask(client, "surprise") == "case_a"


def test_labelled_images_are_looked_at_too_even_by_a_server_that_never_offered_them(studies, monkeypatch, looks):
    with running(studies, monkeypatch) as (_, client):
        files = {"label": ("l.nii.gz", label_bytes(np.ones(SHAPE)))}
        client.put("/datastore/label?image=case_c&tag=final", files=files)
    with running(studies, monkeypatch) as (_, client):
        # case_c has 9: of 0 and 1, 0 is least like it.
        assert ask(client, "diversity") == "case_a"
        assert ("ball-1", "case_c") in looks


def test_a_client_may_name_the_task_that_looks(studies, monkeypatch, looks):
    with running(studies, monkeypatch) as (_, client):
        assert ask(client, "uncertainty", task="lesion_shape") == "case_a"
        answer = client.post("/activelearning/uncertainty", json={"task": "lesion_shap"})
        assert answer.status_code == 404
        assert "lesion_shape" in answer.json()["detail"]

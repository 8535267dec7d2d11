"""What needs a server with settings, weights or faults of its own: the same application, without a process around it."""

from __future__ import annotations

import json
from contextlib import contextmanager

import numpy as np
import pytest
from starlette.testclient import TestClient

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import all_tasks
from lesionlab.predict import Predictor
from lesionlab.server.app import LesionLabApp
from lesionlab.server.guard import bordered
from lesionlab.server.scoring import multi_label_dice
from lesionlab.server.settings import Settings
from tests.server.conftest import AFFINE, SHAPE, fill, label_bytes, ras
from tests.server.fakes import BallModel, BallPredictor

GOOD = {"params": json.dumps({"point_mm": ras((20, 18, 15)), "size_mm": 12.0})}
SECRET = "correct horse battery"


@contextmanager
def running(studies, monkeypatch, settings=None, predictor=None, client="127.0.0.1"):
    """A client of an app on ``studies``, which MONAI Label's own routes see too."""
    import monailabel.app
    from monailabel.config import settings as stock
    from monailabel.interfaces.utils.app import apps

    app = LesionLabApp("in-process", str(studies), {}, predictor or BallPredictor(), settings or Settings())
    monkeypatch.setattr(stock, "MONAI_LABEL_APP_DIR", "in-process")
    monkeypatch.setattr(stock, "MONAI_LABEL_STUDIES", str(studies))
    monkeypatch.setitem(apps, f"in-process{studies}", app)
    border = bordered(monailabel.app.app, lambda: app)
    try:
        yield app, TestClient(border, "http://127.0.0.1:8000", raise_server_exceptions=False, client=(client, 1))
    finally:
        app.close()


@pytest.fixture
def studies(tmp_path):
    return fill(tmp_path / "studies")


def test_a_token_guards_every_route(studies, monkeypatch):
    with running(studies, monkeypatch, Settings(token=SECRET), client="10.1.2.3") as (_, client):
        for path in (
            "/info/",
            "/openapi.json",
            "/",
            "/datastore/",
            "/ohif/",
            "/static/x",
            "/logs/",
            "/proxy/dicom/studies",
        ):
            answer = client.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "token" in answer.json()["detail"]
        right = {"authorization": f"Bearer {SECRET}"}
        assert client.get("/info/", headers=right).status_code == 200
        assert client.get("/datastore/", headers=right).json()["total"] == 3


def test_the_stock_clients_sign_in_with_the_token_as_password(studies, monkeypatch):
    with running(studies, monkeypatch, Settings(token=SECRET)) as (_, client):
        assert client.get("/auth/").json()["enabled"] is True
        assert client.post("/auth/token", data={"username": "me", "password": "wrong"}).status_code == 401
        found = client.post("/auth/token", data={"username": "me", "password": SECRET}).json()
        header = {"authorization": f"{found['token_type']} {found['access_token']}"}
        assert client.get("/auth/token/valid", headers=header).status_code == 200
    with running(studies, monkeypatch) as (_, client):
        assert client.get("/auth/").json()["enabled"] is False


def test_other_machines_are_refused_without_a_token_even_when_the_server_listens_to_them(studies, monkeypatch):
    with running(studies, monkeypatch, client="10.1.2.3") as (_, client):
        answer = client.get("/info/")
        assert answer.status_code == 403
        assert "LESIONLAB_TOKEN" in answer.json()["detail"]


def test_what_nobody_expected_is_a_500_with_an_id_that_the_log_explains(studies, monkeypatch, caplog):
    class Broken(BallModel):
        def predict(self, volume, request):
            raise RuntimeError("secret inside")

    class BrokenPredictor(Predictor):
        def model(self, task):
            return Broken(task)

    with running(studies, monkeypatch, predictor=BrokenPredictor()) as (_, client):
        answer = client.post("/infer/lesion_shape?image=case_a", data=GOOD)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        number = answer.json()["error"]["id"]
        assert any(number in record.message and "secret inside" in record.exc_text for record in caplog.records)
        assert client.get("/info/").status_code == 200


def test_a_task_file_of_the_lab_is_all_that_a_new_task_needs(studies, tmp_path, monkeypatch):
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "lymph_node.yaml").write_text("kind: shape\ntitle: Node\ndescription: A node.\nsize_mm: {default: 8}\n")
    with running(studies, monkeypatch, Settings(tasks=(folder,))) as (_, client):
        info = client.get("/info/").json()
        assert set(info["models"]) == set(info["trainers"]) == {*all_tasks(), "lymph_node"}
        assert info["models"]["lymph_node"]["config"] == {"size_mm": 8, "explain": "none"}
        click = {"params": json.dumps({"foreground": [[20, 18, 15]]})}
        found = client.post("/infer/lymph_node?image=case_a&output=json", data=click).json()
        assert found["diameter_mm"] == 8
        assert client.post("/train/lymph_nod", json={}).json()["error"]["hint"] == "did you mean 'lymph_node'?"


def test_a_saved_label_is_counted_and_downloaded_as_it_was_sent(studies, monkeypatch):
    content = label_bytes(np.ones(SHAPE))
    with running(studies, monkeypatch) as (_, client):
        sent = client.put("/datastore/label?image=case_a", files={"label": ("l.nii.gz", content)})
        assert sent.json().items() >= {"image": "case_a", "label": "case_a"}.items()
        assert client.get("/datastore/?output=all").json()["objects"]["case_a"]["labels"]["final"]["ext"] == ".nii.gz"
        assert client.get("/datastore/label?label=case_a&tag=final").content == content
        assert client.get("/datastore/").json()["completed"] == 1
        assert client.delete("/datastore/label?id=case_a&tag=final").status_code == 200
        assert client.get("/datastore/").json()["completed"] == 0


def test_an_archive_of_one_image_becomes_a_session(studies, monkeypatch):
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("some/folder/ct.nii.gz", (studies / "case_a.nii.gz").read_bytes())
    with running(studies, monkeypatch) as (_, client):
        made = client.put("/session/?uncompress=true", files=[("files", ("ct.zip", out.getvalue()))])
        session = made.json()["session_id"]
        assert client.post(f"/infer/lesion_shape?session_id={session}", data=GOOD).status_code == 200


def test_a_session_expires(studies, monkeypatch):
    with running(studies, monkeypatch) as (app, client):
        content = (studies / "case_a.nii.gz").read_bytes()
        made = client.put("/session/?expiry=60", files=[("files", ("ct.nii.gz", content))])
        session = made.json()["session_id"]
        app.cleanup_sessions()
        assert client.get(f"/session/{session}").status_code == 200
        info = app.sessions()[session]
        info.last_access_ts -= 61
        app.sessions()._write_meta_info(session, info)
        (studies / ".lesionlab" / "sessions" / "no session").mkdir()
        app.cleanup_sessions()
        assert client.get(f"/session/{session}").status_code == 404
        assert (studies / ".lesionlab" / "sessions" / "no session").is_dir()


def dice(a, b):
    geometry = Geometry((4, 1, 1), np.eye(4))
    return multi_label_dice(*(Volume(np.reshape(x, (4, 1, 1)).astype(np.uint8), geometry) for x in (a, b)))


def test_dice_is_the_mean_over_the_labels_and_one_for_a_perfect_second_label():
    assert dice([2, 2, 0, 0], [2, 2, 0, 0]) == 1.0
    # Label 1: 2 * 1 / (2 + 1); label 2: 2 * 1 / (1 + 2).
    assert dice([1, 1, 2, 0], [1, 2, 2, 0]) == pytest.approx(2 / 3)
    assert dice([1, 0, 0, 0], [0, 2, 0, 0]) == 0.0
    assert dice([0, 0, 0, 0], [0, 0, 0, 0]) == 1.0


def test_the_lattice_of_a_label_is_compared_in_space():
    a = Volume(np.zeros(SHAPE, np.uint8), Geometry(SHAPE, AFFINE))
    moved = AFFINE.copy()
    moved[1, 3] += 5
    with pytest.raises(Exception, match="different lattices"):
        multi_label_dice(a, Volume(np.zeros(SHAPE, np.uint8), Geometry(SHAPE, moved)))

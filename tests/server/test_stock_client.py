"""MONAI Label's own client, as its viewers use it, from the first look to the submitted label."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from lesionlab.kinds import all_tasks
from tests.server.conftest import AFFINE, SHAPE, fill, free_port, image_bytes, process

monailabel_client = pytest.importorskip("monailabel.client.client")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A server on studies of its own, started as MONAI Label starts it; ``main.py`` swaps the network for balls."""
    import sys

    folder = tmp_path_factory.mktemp("stock")
    studies, app = fill(folder / "studies"), folder / "app"
    app.mkdir()
    (app / "main.py").write_text(
        "from tests.server.fakes import BallModel\n"
        "from lesionlab.kinds.shape.kind import ShapeKind\n"
        "from lesionlab.server.app import LesionLabApp\n"
        "ShapeKind.load = lambda self, task, model_dir=None: BallModel(task)\n"
    )
    port = free_port()
    script = "from monailabel.main import Main; Main().run()"
    command = [sys.executable, "-c", script, "start_server", "--app", str(app), "--studies", str(studies)]
    with process([*command, "--port", str(port)], port, folder / "server.log") as client:
        yield str(client.base_url), studies, folder


@pytest.fixture
def client(room, tmp_path):
    return monailabel_client.MONAILabelClient(room[0], tmpdir=str(tmp_path), client_id="user-1")


def saved(path, array):
    nibabel.Nifti1Image(array.astype(np.uint8), AFFINE).to_filename(path)
    return str(path)


def test_the_panel_finds_our_task_as_a_deepgrow_model_with_a_label_to_draw(client):
    info = client.info()
    model = info["models"]["lesion_shape"]
    assert (model["type"], model["dimension"], model["labels"]) == ("deepgrow", 3, {"lesion": 1})
    assert model["config"] == {"size_mm": 20.0, "explain": "none"}
    assert model["request"]["required"] == ["point_mm"]
    assert info["labels"] == ["lesion"]
    assert set(info["strategies"]) == {
        *("first", "random", "uncertainty", "diversity", "weak_first", "disagreement", "surprise")
    }
    assert set(info["scoring"]) == {"dice"}
    assert set(info["trainers"]) == set(all_tasks())


def test_a_click_gives_a_label_of_the_images_shape(client):
    params = {"label": "lesion", "foreground": [[20, 18, 15]], "background": [], "size_mm": 12.0}
    file, found = client.infer("lesion_shape", "case_b", params)
    array = np.asarray(nibabel.load(file).dataobj)
    assert array.shape == SHAPE
    # 12 mm around (20, 18, 15), steps 1.5, 1, 2 mm: along k, voxels 12..18 have |dk| * 2 <= 6.
    assert array[20, 18].nonzero()[0].tolist() == list(range(12, 19))
    assert array[:, 18, 15].nonzero()[0].tolist() == list(range(16, 25))
    assert found["label_names"] == {"lesion": 1}


def test_a_volume_loaded_in_the_viewer_goes_through_a_session_and_is_stored_with_its_label(client, room, tmp_path):
    _, studies, _ = room
    image = tmp_path / "2 Axial T1 (3 mm).nii.gz"
    image.write_bytes(image_bytes(42))
    session = client.create_session(str(image))["session_id"]
    file, _ = client.infer("lesion_shape", "2: Axial T1", {"foreground": [[20, 18, 15]]}, session_id=session)
    assert client.upload_image(str(image), "2: Axial T1")["image"] == "2: Axial T1"
    client.save_label("2: Axial T1", file, params={"label_info": [{"name": "liver/tumour", "idx": 1}]})
    assert (studies / "labels" / "final" / "2: Axial T1.nii.gz").is_file()
    stored = client.datastore()["objects"]["2: Axial T1"]["labels"]["final"]["info"]
    assert stored["label_info"][0]["name"] == "liver/tumour"
    assert client.remove_session(session)["name"] == session


def test_the_next_sample_is_one_without_a_label(client, tmp_path):
    client.save_label("case_a", saved(tmp_path / "l.nii.gz", np.ones(SHAPE)))
    assert client.next_sample("first", {})["id"] == "case_b"
    assert {client.next_sample("random", {})["id"] for _ in range(20)} == {"case_b", "case_c"}
    assert client.info()["datastore"]["total"] >= 3


def test_scoring_compares_original_with_final_labels(client, room, tmp_path):
    import httpx

    truth = np.zeros(SHAPE)
    truth[:4] = 2
    half = np.zeros(SHAPE)
    half[:2] = 2
    client.save_label("case_a", saved(tmp_path / "t.nii.gz", truth))
    client.save_label("case_a", saved(tmp_path / "g.nii.gz", half), tag="original")
    client.save_label("case_c", saved(tmp_path / "c.nii.gz", truth))
    client.save_label("case_c", saved(tmp_path / "d.nii.gz", truth), tag="original")
    scores = httpx.post(f"{room[0]}/scoring/dice?run_sync=true", json={}, timeout=30).json()
    # 2 of 4 slabs: 2 * 2 / (2 + 4).
    assert scores == {"case_a": pytest.approx(2 / 3), "case_c": 1.0}


def test_a_job_runs_in_a_process_of_its_own_and_tells_how_it_goes(room):
    import time

    import httpx

    started = httpx.post(f"{room[0]}/scoring/dice", json={"y": "final", "y_pred": "final"}, timeout=30)
    assert started.status_code == 200
    assert started.json()["status"] in ("SUBMITTED", "RUNNING")
    deadline = time.monotonic() + 60
    while (job := httpx.get(f"{room[0]}/scoring/", timeout=30).json())["status"] in ("SUBMITTED", "RUNNING"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert job["status"] == "DONE"
    assert any('"case_a": 1.0' in line for line in job["details"])


def test_a_broken_volume_is_refused_with_a_reason(client, tmp_path):
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    with pytest.raises(monailabel_client.MONAILabelClientException) as caught:
        client.upload_image(str(broken), "broken")
    assert "422" in caught.value.msg
    assert "NIfTI" in caught.value.msg


def test_batch_inference_reports_each_image_that_needs_a_click(room):
    import httpx

    url = f"{room[0]}/batch/infer/lesion_shape?run_sync=true"
    answer = httpx.post(url, json={}, timeout=60).json()
    assert all("point_mm" in found["error"] for found in answer.values())
    one_click_for_all = {"foreground": [[20, 18, 15]], "size_mm": 12.0, "max_batch_size": 1}
    answer = httpx.post(url, json=one_click_for_all, timeout=60).json()
    assert next(iter(answer.values()))["params"]["diameter_mm"] == 12


def test_logs_of_the_gpu_are_no_failure(room):
    import httpx

    assert httpx.get(f"{room[0]}/logs/gpu").status_code == 200


def test_nothing_is_written_outside_the_studies_but_the_app_folders_of_monai_label(room):
    _, _, folder = room
    found = {path.name for path in folder.iterdir()}
    assert found == {"studies", "app", "server.log"}
    made = {path.name for path in (folder / "app").iterdir() if path.name != "__pycache__"}
    assert made == {"main.py", "model", "lib", "logs", "bin"}
    for empty in ("model", "lib", "bin"):
        assert not list(Path(folder / "app" / empty).iterdir())

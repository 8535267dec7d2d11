"""Explanations through the command line and over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from lesionlab.cli import main
from lesionlab.image.files import write_volume
from lesionlab.kinds.detect.kind import DetectKind
from lesionlab.kinds.kind import METHODS, Model
from lesionlab.server.settings import Settings
from lesionlab.task import Task
from tests.explain.shining import CENTRE, ShiningPredictor, lattices, scene, shining_model
from tests.server.conftest import read_nifti, refused
from tests.server.fakes import BallPredictor
from tests.server.test_in_process import running
from tests.server.test_inference import parts_of

GEOMETRY = lattices()["oblique"]
TASK = "nodule_ct"
ASK = {"point_mm": list(CENTRE), "explain": "gradcam"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "studies" / "case.nii.gz"
    path.parent.mkdir()
    write_volume(scene(GEOMETRY), path)
    return path


@pytest.fixture
def shining(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: DetectKind, task: Task, model_dir: Path | None = None) -> Model:
        return shining_model()

    monkeypatch.setattr(DetectKind, "load", load)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


def test_the_command_writes_the_map_on_the_images_own_lattice(shining, image, tmp_path, capsys) -> None:
    out = tmp_path / "heat.nii.gz"
    point = ["--point-mm", *CENTRE]
    status, text, trouble = call(
        capsys, "explain", TASK, image, "--method", "gradcam", *point, "--out", out, "--json", "-"
    )
    assert (status, trouble) == (0, "")
    heat = nibabel.load(out)
    assert heat.shape == GEOMETRY.shape
    assert heat.get_data_dtype() == np.float32
    np.testing.assert_allclose(heat.affine, GEOMETRY.affine, atol=1e-5)
    found = json.loads(text)
    assert found["method"] == "gradcam"
    assert np.linalg.norm(np.subtract(found["hottest_mm"], CENTRE)) < 3
    assert set(found["checks"]) == {
        "randomised_rank_correlation", "deletion_area", "insertion_area", "deletion", "insertion",
    }  # fmt: skip


def test_the_command_measures_the_agreement_with_a_readers_mask(shining, image, tmp_path, capsys) -> None:
    from lesionlab.image.volume import Volume

    marks = tmp_path / "marks.nii.gz"
    write_volume(Volume((scene(GEOMETRY).array > 10).astype(np.uint8), GEOMETRY), marks)
    status, text, _ = call(
        capsys, "explain", TASK, image, "--method", "gradcam", "--point-mm", *CENTRE, "--marks", marks, "--no-checks",
        "--json", "-",
    )  # fmt: skip
    assert status == 0
    found = json.loads(text)
    assert found["agreement"]["maximum_in_marks"] is True
    assert "checks" not in found


WRONG = {
    "method": (["--method", "grad"], "invalid choice: 'grad'"),
    "place": (["--method", "gradcam", "--point-mm", 500, 0, 0], "--point-mm lies outside the image"),
    "size": (["--method", "gradcam", "--size-mm", 5], "size_mm"),
    "no method": ([], "--method"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_question_is_one_line_and_status_2(shining, image, capsys, arguments, words) -> None:
    status, _, trouble = call(capsys, "explain", TASK, image, *arguments)
    assert status == 2
    assert words in trouble
    assert trouble.count("\n") == 1


@pytest.fixture
def served(image, monkeypatch):
    with running(image.parent, monkeypatch, Settings(), predictor=ShiningPredictor()) as (_, client):
        yield client


def ask(client, params, query="image=case&output=image", task=TASK):
    return client.post(f"/infer/{task}?{query}", data={"params": json.dumps(params)})


def test_a_stock_client_gets_the_map_on_the_lattice_of_the_image(served) -> None:
    array, affine = read_nifti(ask(served, ASK).content)
    assert array.dtype == np.float32
    assert array.shape == GEOMETRY.shape
    np.testing.assert_allclose(affine, GEOMETRY.affine, atol=1e-5)
    hottest = GEOMETRY.index_to_ras(tuple(np.unravel_index(array.argmax(), array.shape)))
    assert np.linalg.norm(np.subtract(hottest, CENTRE)) < 3


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_with_a_crop_and_its_summary(served, method) -> None:
    parts = parts_of(ask(served, {**ASK, "explain": method, "result": "crop"}, "image=case"))
    assert list(parts) == ["params", "image"]
    assert parts["image"][1].startswith(b"NRRD")
    found = json.loads(parts["params"][1])
    assert found["method"] == method
    assert found["label_names"] == {}
    assert np.prod(found["heat"]["shape"]) < np.prod(GEOMETRY.shape)


def test_the_checks_come_when_they_are_asked_for(served) -> None:
    plain = ask(served, ASK, "image=case&output=json").json()
    checked = ask(served, {**ASK, "explain_checks": True}, "image=case&output=json").json()
    assert "checks" not in plain
    assert checked["checks"]["insertion_area"] > 0.5


def test_the_description_of_a_task_says_how_it_can_be_explained(served) -> None:
    model = served.get("/info/").json()["models"][TASK]
    assert model["explain"]["methods"] == list(METHODS)
    assert "point_mm" in model["explain"]["request"]["properties"]
    assert model["config"]["explain"] == "none"


def test_a_stock_panel_that_sends_its_configuration_back_gets_candidates(served) -> None:
    found = ask(served, served.get("/info/").json()["models"][TASK]["config"], "image=case&output=json").json()
    assert len(found["candidates"]) == 2


REFUSED = {
    "method": ({"explain": "gradcan"}, "explain"),
    "field": ({**ASK, "point": [0, 0, 0]}, "did you mean 'point_mm'"),
    "place": ({**ASK, "point_mm": [500, 0, 0]}, "point_mm lies outside the image"),
    "point of the answer": ({"point_mm": list(CENTRE)}, "unknown field 'point_mm'"),
    "label": ({**ASK, "save_label": True}, "a heat map is no label"),
    "not a point": ({**ASK, "point_mm": "here"}, "point_mm"),
}


@pytest.mark.parametrize(("params", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_question_over_http_is_a_422_that_says_what(served, params, words) -> None:
    refused(ask(served, params), 422, words)


def test_a_model_that_cannot_be_explained_says_so(image, monkeypatch) -> None:
    with running(image.parent, monkeypatch, Settings(), predictor=BallPredictor()) as (_, client):
        question = {**ASK, "size_mm": 9.0}
        refused(ask(client, question, task="lesion_shape"), 422, "the model cannot be explained; got ball-1")

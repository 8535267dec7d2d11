"""Strategies that look at the images, with a model whose uncertainty is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lesionlab.kinds.kind import Look
from lesionlab.kinds.shape.kind import ShapeKind
from lesionlab.store.cases import Case, write_cases
from tests.server.conftest import SHAPE, fill, label_bytes, ras
from tests.server.test_in_process import running

#: What the model makes of an image: how unsure it is, and one feature.
SEEN = {"case_a": (0.1, 0.0), "case_b": (0.7, 1.0), "case_c": (0.4, 9.0)}


@pytest.fixture
def looks(monkeypatch):
    """The images that were looked at, in order."""
    asked = []

    def look(self, task, model, case, volume):
        name = case.image.name.removesuffix(".nii.gz")
        asked.append(name)
        uncertainty, feature = SEEN[name]
        return Look(uncertainty, np.array([feature], np.float32))

    monkeypatch.setattr(ShapeKind, "look", look)
    return asked


@pytest.fixture
def studies(tmp_path):
    return fill(tmp_path / "studies")


def mark(studies, *names):
    paths = [studies / f"{name}.nii.gz" for name in names]
    write_cases(studies, [Case(path, None, path.name, point_mm=tuple(ras((20, 18, 15))), size_mm=9) for path in paths])


def ask(client, strategy, **body):
    return client.post(f"/activelearning/{strategy}", json=body).json().get("id")


def test_each_strategy_offers_its_first_choice(studies, monkeypatch, looks):
    mark(studies, "case_a", "case_b", "case_c")
    with running(studies, monkeypatch) as (_, client):
        assert {"uncertainty", "diversity", "weak_first"} <= set(client.get("/info/").json()["strategies"])
        assert ask(client, "uncertainty") == "case_b"
        # Nothing is labelled: the mean of 0, 1, 9 is 3.3, and 1 is nearest to it.
        assert ask(client, "diversity") == "case_b"
        assert sorted(looks) == ["case_a", "case_b", "case_c"]  # each once, for all strategies


def test_what_is_labelled_is_known_and_what_is_least_like_it_comes_next(studies, monkeypatch, looks):
    mark(studies, "case_a", "case_b", "case_c")
    with running(studies, monkeypatch) as (_, client):
        ask(client, "diversity")
        label = {"label": ("l.nii.gz", label_bytes(np.ones(SHAPE)))}
        client.put("/datastore/label?image=case_b&tag=final", files=label)
        assert ask(client, "diversity") == "case_c"
        assert ask(client, "uncertainty") == "case_c"


def test_marked_images_come_first_and_unmarked_ones_are_offered_too(studies, monkeypatch, looks):
    mark(studies, "case_c")
    with running(studies, monkeypatch) as (_, client):
        for strategy in ("weak_first", "uncertainty", "diversity"):
            assert ask(client, strategy) == "case_c"
        label = {"label": ("l.nii.gz", label_bytes(np.ones(SHAPE)))}
        client.put("/datastore/label?image=case_c&tag=final", files=label)
        for strategy in ("weak_first", "uncertainty", "diversity"):
            assert ask(client, strategy) == "case_a"
        assert set(looks) == {"case_c"}


def test_a_mark_in_slicer_counts_like_one_in_the_table(studies, monkeypatch, looks):
    r, a, s = ras((20, 18, 15))
    point = {"id": "1", "label": "lesion", "position": [r, a, s], "positionStatus": "defined"}
    markup = {"type": "Fiducial", "coordinateSystem": "RAS", "coordinateUnits": "mm", "controlPoints": [point]}
    (studies / "marks").mkdir()
    (studies / "marks" / "case_c.mrk.json").write_text(json.dumps({"markups": [markup]}))
    with running(studies, monkeypatch) as (_, client):
        assert ask(client, "weak_first") == "case_c"


def test_two_readers_are_not_offered_the_same_image(studies, monkeypatch, looks):
    mark(studies, "case_a", "case_b", "case_c")
    with running(studies, monkeypatch) as (_, client):
        assert ask(client, "uncertainty", client_id="one") == "case_b"
        assert ask(client, "uncertainty", client_id="two") == "case_c"

"""Saving labels over HTTP: each save says what it started from, each is kept, none is refused into nothing."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import numpy as np
import pytest

from tests.server.conftest import AFFINE, SHAPE, fill, label_bytes, read_nifti, refused
from tests.server.test_in_process import running


@pytest.fixture
def studies(tmp_path):
    return fill(tmp_path / "studies")


@pytest.fixture
def client(studies, monkeypatch):
    with running(studies, monkeypatch) as (_, found):
        yield found


@cache  # gzip notes the time: made twice, the bytes would differ
def slabs(*indices):
    array = np.zeros(SHAPE, np.uint8)
    array[list(indices)] = 1
    return label_bytes(array)


def save(client, content, parent=None, image="case_a", tag="final", **params):
    query = f"image={image}&tag={tag}" + ("" if parent is None else f"&parent={parent}")
    files = {"label": ("label.nii.gz", content)}
    return client.put(f"/datastore/label?{query}", files=files, data={"params": json.dumps(params)} if params else {})


def history(client, image="case_a", query=""):
    return client.get(f"/ledger/{image}{query}").json()


def test_a_save_says_which_revision_it_made_and_reading_back_gives_it(client, studies):
    content = slabs(1)
    said = {"author": "anna", "client_id": "c1", "model_version": "v1", "prompts": [{"point_mm": [1, 2, 3]}]}
    answer = save(client, content, "", **said).json()
    assert answer["checksum"] == hashlib.sha256(content).hexdigest()
    assert (answer["image"], answer["label"], answer["parent"]) == ("case_a", "case_a", None)
    read = client.get("/datastore/label?label=case_a&tag=final")
    assert read.content == content
    assert read.headers["x-lesionlab-revision"] == answer["revision"]
    assert (studies / "labels" / "final" / "case_a.nii.gz").read_bytes() == content
    entry = history(client)[0]
    assert {name: entry[name] for name in said} == said
    assert (entry["revision"], entry["head"], entry["conflict"]) == (answer["revision"], True, False)


def test_of_two_who_started_from_the_same_the_second_is_told_and_both_are_kept(client, studies):
    first = save(client, slabs(1), "").json()["revision"]
    anna = save(client, slabs(1, 2), first, author="anna").json()["revision"]
    detail = save(client, slabs(1, 3), first, author="ben")
    refused(detail, 409, "meantime", first, anna)
    error = detail.json()["error"]
    assert (error["head"], error["author"]) == (anna, "anna")
    ben = client.get(f"/datastore/label?label=case_a&tag=final&revision={error['revision']}")
    assert ben.content == slabs(1, 3)
    assert (studies / "labels" / "final" / "case_a.nii.gz").read_bytes() == slabs(1, 2)
    assert [(one["author"], one["head"], one["conflict"]) for one in history(client)] == [
        (None, False, False),
        ("anna", True, False),
        ("ben", False, True),
    ]
    merged = save(client, slabs(1, 2, 3), anna, author="ben").json()
    assert merged["parent"] == anna


def test_the_same_save_sent_again_is_the_same_revision(client):
    first = save(client, slabs(1), "", client_id="c").json()
    assert save(client, slabs(1), "", client_id="c").json() == first
    assert len(history(client)) == 1


def test_a_stock_client_is_never_refused_and_never_hides_what_others_made(client, studies):
    file = studies / "labels" / "final" / "case_a.nii.gz"
    stock = save(client, slabs(1), client_id="user-1").json()
    assert file.read_bytes() == slabs(1)
    again = save(client, slabs(2), client_id="user-1", author=7).json()
    assert file.read_bytes() == slabs(2)
    assert again["parent"] == stock["revision"]
    ours = save(client, slabs(3), again["revision"], author="anna").json()
    late = save(client, slabs(4), client_id="user-1", label_info=[{"name": "lesion", "idx": 1}])
    assert late.status_code == 200
    assert late.json()["head"] == ours["revision"]
    assert file.read_bytes() == slabs(3)
    assert [one["outcome"] for one in history(client)] == ["head", "head", "head", "branch"]
    taken = client.post(
        f"/ledger/case_a/restore?revision={late.json()['revision']}&parent={ours['revision']}", json={"author": "anna"}
    ).json()
    assert file.read_bytes() == slabs(4)
    assert history(client)[-1]["restores"] == late.json()["revision"]
    assert taken["checksum"] == late.json()["checksum"]
    assert "label_info" in client.get("/datastore/label/info?label=case_a&tag=final").json()


def test_the_difference_of_two_revisions_is_counted_in_voxels(client):
    slab = SHAPE[1] * SHAPE[2]
    a = save(client, slabs(1, 2), "").json()["revision"]
    b = save(client, slabs(2, 3, 4), a).json()["revision"]
    found = client.get(f"/ledger/case_a/diff?a={a}&b={b}").json()
    # 1 of 2 slabs in common with 3: 2 * 1 / (2 + 3).
    assert found == {
        "dice": pytest.approx(0.4),
        "added_voxels": 2 * slab,
        "removed_voxels": slab,
        "relabelled_voxels": 0,
    }
    refused(client.get(f"/ledger/case_a/diff?a={a}&b=nobody"), 404, "no such revision", "nobody")
    refused(client.get(f"/ledger/case_b/diff?a={a}&b={b}"), 404, "no such revision")
    refused(client.get(f"/ledger/case_a/diff?a={a}"), 422, "'b' is missing")


def test_annotators_of_one_image_are_compared(client):
    first = save(client, slabs(1), "", author="anna").json()["revision"]
    ben = save(client, slabs(1, 2), "", author="ben").json()["error"]["revision"]
    found = client.get("/ledger/case_a/agreement").json()
    assert found["readings"] == {"anna": first, "ben": ben}
    assert found["pairs"] == [{"a": "anna", "b": "ben", "dice": pytest.approx(2 / 3), "independent": True}]
    assert found["mean_dice"] == pytest.approx(2 / 3)
    assert client.get("/ledger/case_b/agreement").json() == {"readings": {}, "pairs": [], "mean_dice": None}


def test_a_removed_label_is_gone_from_the_studies_and_can_be_restored(client, studies):
    first = save(client, slabs(1), "").json()["revision"]
    assert client.delete("/datastore/label?id=case_a&tag=final").status_code == 200
    assert not (studies / "labels" / "final" / "case_a.nii.gz").exists()
    refused(client.get("/datastore/label?label=case_a&tag=final"), 404, "no label 'final'")
    refused(client.delete("/datastore/label?id=case_a&tag=final"), 404)
    removal = history(client)[-1]
    assert (removal["removed"], removal["checksum"], removal["parent"]) == (True, None, first)
    assert client.get("/cases/").json()[0]["revision"] is None
    url = f"/ledger/case_a/restore?revision={first}"
    refused(client.post(url), 422, "'parent' is missing")
    refused(client.post(f"{url}&parent={first}"), 409, "meantime")
    assert client.post(f"{url}&parent={removal['revision']}").status_code == 200
    assert client.get("/datastore/label?label=case_a&tag=final").content == slabs(1)


def test_the_labels_of_a_removed_image_stay_in_the_ledger(client, studies):
    first = save(client, slabs(1), "").json()["revision"]
    image = (studies / "case_a.nii.gz").read_bytes()
    assert client.delete("/datastore/image?id=case_a").status_code == 200
    refused(client.get("/ledger/case_a"), 404, "no such image")
    client.put("/datastore/image?image=case_a", files={"file": ("a.nii.gz", image)})
    assert history(client)[0]["revision"] == first
    assert client.get(f"/datastore/label?label=case_a&revision={first}").content == slabs(1)


def test_a_label_off_the_lattice_or_broken_is_not_recorded(client):
    off = AFFINE.copy()
    off[0, 3] += 3
    refused(save(client, label_bytes(np.ones(SHAPE), off), ""), 422, "lattice")
    refused(save(client, b"nothing", ""), 422)
    refused(save(client, slabs(1), "", author=7), 422, "author", "7")
    refused(save(client, slabs(1), "", prompts="x"), 422, "prompts")
    assert history(client) == []


def test_answers_of_a_model_are_recorded_with_its_version_and_stay_behind_a_persons_label(client, studies):
    click = {"foreground": [[20, 18, 15]], "size_mm": 12.0, "save_label": True, "label_tag": "final"}
    url = "/infer/lesion_shape?image=case_a&output=json"
    assert client.post(url, data={"params": json.dumps(click)}).status_code == 200
    model = history(client)[0]
    assert (model["source"], model["model_version"], model["outcome"]) == ("model", "ball-1", "head")
    assert read_nifti((studies / "labels" / "final" / "case_a.nii.gz").read_bytes())[0].any()
    save(client, slabs(1), client_id="user-1")
    client.post(url, data={"params": json.dumps(click)})
    assert [one["outcome"] for one in history(client)] == ["head", "head", "branch"]
    assert (studies / "labels" / "final" / "case_a.nii.gz").read_bytes() == slabs(1)


def test_labels_in_the_folder_are_adopted_when_they_are_first_seen(client, studies):
    file = studies / "labels" / "final" / "case_b.nii.gz"
    file.write_bytes(slabs(5))
    client.post("/reload")
    case = client.get("/cases/").json()[1]
    assert case["labels"] == ["final"]
    entry = history(client, "case_b")[0]
    assert (entry["revision"], entry["source"], entry["parent"]) == (case["revision"], "file", None)
    # Edited by hand: the new content follows the old one, and what others save does not hide it.
    file.write_bytes(slabs(6))
    edited = client.get("/datastore/label?label=case_b&tag=final")
    assert edited.content == slabs(6)
    assert history(client, "case_b")[1]["parent"] == entry["revision"]
    refused(save(client, slabs(7), entry["revision"], "case_b"), 409, "meantime")
    assert save(client, slabs(7), edited.headers["x-lesionlab-revision"], "case_b").status_code == 200
    assert file.read_bytes() == slabs(7)
    assert [one["conflict"] for one in history(client, "case_b")] == [False, False, True, False]


def test_a_working_file_that_was_lost_or_spoilt_comes_back_from_the_ledger(client, studies):
    save(client, slabs(1), "")
    file = studies / "labels" / "final" / "case_a.nii.gz"
    file.unlink()
    client.post("/reload")
    assert client.get("/cases/").json()[0]["labels"] == ["final"]
    assert file.read_bytes() == slabs(1)
    file.write_bytes(b"half of a lab")
    client.get("/cases/")
    assert file.read_bytes() == slabs(1)
    aside = list((studies / ".lesionlab" / "set_aside").iterdir())
    assert [path.read_bytes() for path in aside] == [b"half of a lab"]
    assert len(history(client)) == 1


def test_a_list_of_files_that_was_cut_off_is_made_anew_and_no_label_is_lost(studies, monkeypatch):
    with running(studies, monkeypatch) as (_, client):
        save(client, slabs(1), "")
    listed = studies / "datastore_v2.json"
    listed.write_text(listed.read_text()[:100])
    with running(studies, monkeypatch) as (_, client):
        assert client.get("/datastore/").json()["completed"] == 1
        assert client.get("/datastore/label?label=case_a&tag=final").content == slabs(1)
        assert [one["head"] for one in history(client)] == [True]


def test_what_a_server_that_died_had_recorded_but_not_written_is_written_by_the_next(studies, monkeypatch):
    from lesionlab.server.labels import Labels

    with running(studies, monkeypatch) as (_, client):
        first = save(client, slabs(1), "").json()["revision"]
        with monkeypatch.context() as dying:
            dying.setattr(Labels, "_write", lambda *_: 1 / 0)
            assert save(client, slabs(2), first).status_code == 500
    file = studies / "labels" / "final" / "case_a.nii.gz"
    assert file.read_bytes() == slabs(1)
    with running(studies, monkeypatch) as (app, _):
        app.own_labels.settle_all()
        assert file.read_bytes() == slabs(2)


def test_a_full_disk_is_said_and_spoils_nothing(client, studies, monkeypatch):
    import errno
    import os

    first = save(client, slabs(1), "").json()["revision"]

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        refused(save(client, slabs(2), first), 507, "disk is full")
    assert [one["revision"] for one in history(client)] == [first]
    assert not list((studies / ".lesionlab" / "blobs").glob("part-*"))
    assert save(client, slabs(2), first).status_code == 200

"""Masks back into CIRCUS DB."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import ConflictError, NotFoundError, UnauthorizedError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.store.circus_client import CircusClient
from lesionlab.store.circus_pull import pull_archive, pull_cases
from lesionlab.store.circus_push import push_masks
from tests.circus.conftest import LABELS, SHA1, SIZE, label
from tests.circus.server import READ_ONLY, Circus, tgz

MASK = Path("labels") / "final" / "case1-vol000.nii.gz"


@pytest.fixture
def folder(client: CircusClient, tmp_path: Path) -> Path:
    pull_cases(client, ["case1"], tmp_path / "data")
    return tmp_path / "data"


def edit(folder: Path, **boxes: tuple[slice, slice, slice]) -> np.ndarray:
    """Set the mask to boxes, named by value: ``v1=...``."""
    geometry = read_volume(folder / "case1-vol000.nii.gz").geometry
    array = np.zeros(SIZE, np.uint8)
    for name, box in boxes.items():
        array[box] = int(name[1:])
    write_volume(Volume(array, geometry), folder / MASK)
    return array


def newest(circus: Circus) -> dict:
    return circus.cases["case1"]["revisions"][-1]


BIG = (slice(3, 12), slice(2, 9), slice(1, 4))


def test_an_edited_mask_becomes_a_revision_that_changes_only_that_label(
    circus: Circus, client: CircusClient, folder: Path
) -> None:
    before = copy.deepcopy(newest(circus))
    array = edit(folder, v1=BIG)
    assert push_masks(client, folder, description="Larger").images == ("case1-vol000",)
    after = newest(circus)
    assert len(circus.cases["case1"]["revisions"]) == 3
    assert (after["creator"], after["description"], after["status"]) == ("bob@example.com", "Larger", "draft")
    assert after["attributes"] == before["attributes"]
    assert after["series"][1] == before["series"][1]
    assert after["series"][0]["labels"][1:] == before["series"][0]["labels"][1:]
    painted = after["series"][0]["labels"][0]
    assert (painted["name"], painted["attributes"], painted["data"]["color"]) == ("painted", {"seen": True}, "#ff0000")
    assert (painted["data"]["origin"], painted["data"]["size"]) == ([3, 2, 1], [9, 7, 3])
    spread = np.frombuffer(circus.spread(painted["data"], SIZE), np.uint8).reshape(SIZE, order="F")
    np.testing.assert_array_equal(spread, array)


def test_a_new_value_becomes_a_new_label_and_an_emptied_one_stays_without_voxels(
    circus: Circus, client: CircusClient, folder: Path
) -> None:
    edit(folder, v3=BIG)
    push_masks(client, folder)
    labels = newest(circus)["series"][0]["labels"]
    assert labels[0]["data"]["voxels"] is None
    assert len(labels) == len(LABELS) + 1
    assert (labels[-1]["name"], labels[-1]["data"]["size"]) == ("Lesion 3", [9, 7, 3])


def test_what_was_not_changed_is_not_sent(circus: Circus, client: CircusClient, folder: Path) -> None:
    done = push_masks(client, folder)
    assert (done.images, done.unchanged) == ((), ("case1-vol000",))
    assert len(circus.cases["case1"]["revisions"]) == 2
    edit(folder, v1=BIG)
    push_masks(client, folder)
    edit(folder, v1=BIG)
    assert push_masks(client, folder).unchanged == ("case1-vol000",)
    assert len(circus.cases["case1"]["revisions"]) == 3


def test_a_second_edit_follows_the_first(circus: Circus, client: CircusClient, folder: Path) -> None:
    edit(folder, v1=BIG, v3=(slice(15, 18), slice(1, 3), slice(0, 2)))
    push_masks(client, folder)
    edit(folder, v1=BIG, v3=(slice(15, 19), slice(1, 3), slice(0, 2)))
    push_masks(client, folder)
    labels = newest(circus)["series"][0]["labels"]
    assert len(labels) == len(LABELS) + 1
    assert labels[-1]["data"]["size"] == [4, 2, 2]


def test_the_blob_is_stored_before_the_revision_that_names_it(
    circus: Circus, client: CircusClient, folder: Path
) -> None:
    edit(folder, v1=BIG)
    circus.requests.clear()
    push_masks(client, folder)
    assert [line.split()[0].strip('"') for line in circus.requests] == ["GET", "PUT", "POST"]


def test_labels_that_others_add_meanwhile_stay(circus: Circus, client: CircusClient, folder: Path) -> None:
    theirs = copy.deepcopy(newest(circus))
    theirs["series"][0]["labels"].append(label("point", "theirs", location=[1.0, 1.0, 1.0]))
    circus.cases["case1"]["revisions"].append(theirs)
    edit(folder, v1=BIG)
    push_masks(client, folder)
    assert [one["name"] for one in newest(circus)["series"][0]["labels"]][-1] == "theirs"


def test_a_label_that_somebody_else_changed_is_not_overwritten(
    circus: Circus, client: CircusClient, folder: Path
) -> None:
    theirs = copy.deepcopy(newest(circus))
    theirs["series"][0]["labels"][0]["data"]["voxels"] = None
    circus.cases["case1"]["revisions"].append(theirs)
    edit(folder, v1=BIG)
    with pytest.raises(ConflictError, match=rf"label 0 \(painted\) of case case1 was changed.*expected {SHA1}"):
        push_masks(client, folder)
    assert len(circus.cases["case1"]["revisions"]) == 3


def test_a_case_that_was_rearranged_is_refused(circus: Circus, client: CircusClient, folder: Path) -> None:
    newest(circus)["series"].reverse()
    edit(folder, v1=BIG)
    with pytest.raises(ConflictError, match="was rearranged since it was pulled"):
        push_masks(client, folder)


def test_labels_that_share_voxels_are_not_cut(circus: Circus, client: CircusClient, tmp_path: Path) -> None:
    data = LABELS[0]["data"]
    newest(circus)["series"][0]["labels"].append({**LABELS[0], "data": {**data, "origin": [8, 2, 3]}})
    pull_cases(client, ["case1"], tmp_path / "data")
    assert push_masks(client, tmp_path / "data").unchanged == ("case1-vol000",)
    edit(tmp_path / "data", v1=BIG)
    with pytest.raises(ConflictError, match="overlap in CIRCUS DB"):
        push_masks(client, tmp_path / "data")


def test_a_user_who_may_only_read_changes_nothing(circus: Circus, url: str, folder: Path) -> None:
    edit(folder, v1=BIG)
    with CircusClient(url, READ_ONLY) as reader, pytest.raises(UnauthorizedError, match="write privilege"):
        push_masks(reader, folder)
    assert len(circus.cases["case1"]["revisions"]) == 2


def test_a_case_from_an_archive_is_pushed_too(circus: Circus, client: CircusClient, tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(tgz(circus.files("case1", None, "combined")))
    pull_archive(tmp_path / "a.tgz", tmp_path / "data")
    edit(tmp_path / "data", v1=BIG)
    push_masks(client, tmp_path / "data")
    assert newest(circus)["series"][0]["labels"][0]["data"]["size"] == [9, 7, 3]


def test_an_image_from_elsewhere_cannot_be_pushed(client: CircusClient, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="did not come from CIRCUS DB; got other"):
        push_masks(client, folder, ["other"])
    with pytest.raises(NotFoundError, match="has no mask; got case1-vol001"):
        push_masks(client, folder, ["case1-vol001"])


def test_the_server_refuses_what_its_schema_forbids(circus: Circus, client: CircusClient) -> None:
    """The stand-in is no doormat: what a careless client sends is refused."""
    revision = client.case("case1").revision()[1]
    stray = (
        revision.series[0]
        .labels[0]
        .model_copy(update={"data": {"voxels": "0" * 40, "origin": [0, 0, 0], "size": [1, 1, 1]}})
    )
    series = revision.series[0].model_copy(update={"labels": (stray,)})
    with pytest.raises(Exception, match="voxel data blob is not stored"):
        client.post_revision("case1", revision.model_copy(update={"series": (series,)}))
    assert len(circus.cases["case1"]["revisions"]) == 2

"""The folder of the studies, when several processes work on it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lesionlab.errors import NotFoundError
from lesionlab.server.datastore import StudiesDatastore
from tests.server.conftest import SHAPE, fill, image_bytes, label_bytes


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "studies")


@pytest.fixture
def stores(folder):
    found = [StudiesDatastore(folder), StudiesDatastore(folder)]
    yield found
    for store in found:
        store.close()


def soon(look, expected):
    deadline = time.monotonic() + 20
    while look() != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert look() == expected


def test_a_label_that_another_process_saves_is_seen(stores, folder, tmp_path):
    one, other = stores
    label = tmp_path / "l.nii.gz"
    label.write_bytes(label_bytes(np.ones(SHAPE)))
    one.save_label("case_b", str(label), "final", {"note": "mine"})
    soon(other.get_labeled_images, ["case_b"])
    soon(lambda: other.get_label_info("case_b", "final").get("note"), "mine")
    other.remove_label("case_b", "final")
    soon(one.get_labeled_images, [])


def test_files_that_are_moved_in_are_seen(stores, folder, tmp_path):
    ready = tmp_path / "ready.nii.gz"
    ready.write_bytes(image_bytes(9))
    ready.rename(folder / "case_d.nii.gz")
    soon(lambda: "case_d" in stores[0].list_images(), True)
    ready.write_bytes(label_bytes(np.ones(SHAPE)))
    ready.rename(folder / "labels" / "final" / "case_d.nii.gz")
    soon(lambda: stores[1].get_labeled_images(), ["case_d"])


def test_a_label_in_another_format_takes_the_place_of_the_old_one(stores, folder, tmp_path):
    for suffix in (".nii.gz", ".nii"):
        label = tmp_path / f"l{suffix}"
        label.write_bytes(label_bytes(np.ones(SHAPE)))
        stores[0].save_label("case_a", str(label), "final", {})
    assert [path.name for path in (folder / "labels" / "final").iterdir()] == ["case_a.nii"]
    with pytest.raises(NotFoundError, match="nobody"):
        stores[0].save_label("nobody", str(label), "final", {})

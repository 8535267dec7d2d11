"""A case with every type of label on a small volume, and a server that holds it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lesionlab.store.circus_client import CircusClient, Waiting
from tests.circus.server import TOKEN, Circus, serving
from tests.cli.conftest import cli

__all__ = ["cli"]

UID = "1.2.392.200036.9116.2.6.1.48"
SIZE, SPACING = (20, 16, 6), (0.8, 0.5, 3.0)
LOOK = {"color": "#ff0000", "alpha": 0.5}
#: Two voxels wide in x (7 and 8), three in y (2 to 4), one in z (3): bits 11 11 11 00 = 0xfc.
BLOB = b"\xfc"
SHA1 = hashlib.sha1(BLOB).hexdigest()


def label(kind: str, name: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "attributes": {"seen": True}, "data": {**data, **LOOK}}


LABELS = [
    label("voxel", "painted", voxels=SHA1, origin=[7, 2, 3], size=[2, 3, 1]),
    label("ellipsoid", "ball", min=[4.0, 2.0, 6.0], max=[8.0, 6.0, 10.0]),
    label("ellipsoid", "egg", min=[4.0, 2.0, 6.0], max=[8.0, 5.0, 12.0]),
    label("cuboid", "box", min=[4.0, 2.0, 6.0], max=[8.0, 5.0, 12.0]),
    label("ellipse", "disc", min=[4.0, 2.0], max=[8.0, 6.0], z=7.5),
    label("rectangle", "frame", min=[4.0, 2.0], max=[8.0, 5.0], z=7.5),
    label("point", "dot", location=[0.4, 0.25, 1.5]),
    label("ruler", "length", start=[0.4, 0.25, 7.5], end=[4.4, 3.25, 7.5], section={"origin": [0, 0, 0]}),
    label("polyline", "outline", points=[[2.0, 2.0], [6.0, 2.0], [6.0, 3.0]], z=7.5),
    label("voxel", "empty", voxels=None),
]


def case(case_id: str = "case1", labels: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    series = {
        "seriesUid": UID,
        "partialVolumeDescriptor": {"start": 1, "end": 6, "delta": 1},
        "labels": copy.deepcopy(labels or LABELS),
    }
    second = {"seriesUid": f"{UID}.2", "partialVolumeDescriptor": {"start": 1, "end": 6, "delta": 1}, "labels": []}
    revision = {
        "creator": "alice@example.com", "date": "2024-01-01T12:00:00Z", "description": "Created", "status": "draft",
        "attributes": {"diagnosis": "aneurysm"}, "series": [series, second],
    }  # fmt: skip
    first = {**revision, "series": [{**series, "labels": []}, second]}
    return {"caseId": case_id, "projectId": "p1", "patientInfo": {"patientId": "P7"}, "revisions": [first, revision]}


def voxels() -> np.ndarray:
    return np.arange(np.prod(SIZE), dtype="<i2").reshape(SIZE, order="F")


@pytest.fixture
def circus() -> Circus:
    state = Circus()
    state.cases["case1"] = case()
    state.put_blob(SHA1, BLOB)
    for uid in (UID, f"{UID}.2"):
        state.volumes[uid] = (SIZE, SPACING, voxels().tobytes(order="F"))
    return state


@pytest.fixture
def url(circus: Circus) -> Iterator[str]:
    with serving(circus) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[CircusClient]:
    with CircusClient(url, TOKEN, Waiting(pause_s=0.001)) as made:
        yield made


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return tmp_path / "token"

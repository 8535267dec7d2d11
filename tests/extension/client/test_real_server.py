"""The client against the real server, which answers clicks with balls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import tests.server.serve_balls
from LesionLabLib.answers import Provenance, Source
from LesionLabLib.client import Client
from LesionLabLib.errors import Cancelled, Conflict, Refused, ServerLost
from LesionLabLib.worker import Job
from tests.server.conftest import (
    AFFINE,
    LIB,
    SHAPE,
    fill,
    free_port,
    image_bytes,
    label_bytes,
    process,
    ras,
    read_nifti,
)
from tests.server.fakes import SLOW_MM
from tests.server.training import write_studies, write_task

pytestmark = pytest.mark.server

POINT = ras((20, 18, 15))
CLICK = {"point_mm": POINT, "size_mm": 12.0}
ME, OTHER = "slicer-me", "slicer-other"
MARKS = b"""{"@schema": "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/\
markups-schema-v1.0.3.json#", "markups": [{"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [{"id": "1", \
"label": "F-1", "position": [1.0, 2.0, 3.0]}]}]}"""


def balls(studies: Path, port: int) -> list[str]:
    return [sys.executable, tests.server.serve_balls.__file__, str(studies), str(port), "2"]


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("client") / "studies")


@pytest.fixture(scope="module")
def url(studies):
    port = free_port()
    with process(balls(studies, port), port, studies.parent / "server.log"):
        yield f"localhost:{port}"


@pytest.fixture
def client(url):
    return Client(url)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def case(client, name):
    return next(each for each in client.cases() if each.image == name)


# Hello


def test_the_server_says_what_may_be_asked_of_a_click(client):
    info = client.server()
    task = next(task for task in info.tasks if task.name == "lesion_shape")

    assert info.api == 1
    assert task.kind == "shape"
    assert task.labels == ("lesion",)
    assert task.version
    assert {field.name: field.type for field in task.fields}.items() >= {
        ("point_mm", "point"), ("size_mm", "number"), ("exclude_mm", "points"), ("probability", "boolean"),
    }  # fmt: skip
    assert {"first", "random"} <= set(info.strategies)
    assert "lesion_shape" in info.trainable


# Cases


def test_images_come_as_they_lie_in_the_studies(client, studies, tmp_path):
    assert [each.image for each in client.cases()] == ["case_a", "case_b", "case_c"]
    path = client.fetch_image("case_b", tmp_path)
    assert path.name == "case_b.nii.gz"
    assert path.read_bytes() == (studies / "case_b.nii.gz").read_bytes()
    with pytest.raises(Refused) as error:
        client.fetch_image("case_x", tmp_path)
    assert error.value.status == 404
    assert [each.name for each in tmp_path.iterdir()] == ["case_b.nii.gz"]


def test_a_case_that_somebody_works_on_is_not_handed_to_another(client):
    mine, others = client.next_case("first", ME), client.next_case("first", OTHER)
    assert mine != others
    assert case(client, mine).lease.holder == ME
    with pytest.raises(Conflict):
        client.hold(mine, OTHER)
    client.hold(mine, ME)
    client.give_back(mine, ME)
    client.give_back(others, OTHER)
    assert all(each.lease is None for each in client.cases())


def test_presence_is_kept_with_the_case(client):
    client.save_presence("case_b", "disease", True, "Dr. X")
    client.save_presence("case_b", "motion", False, "")

    assert dict(case(client, "case_b").presence) == {"disease": True, "motion": False}


def test_marks_are_kept_as_they_are(client):
    assert client.fetch_marks("case_c") is None
    client.save_marks("case_c", MARKS)

    assert client.fetch_marks("case_c") == MARKS
    assert case(client, "case_c").marks
    assert not case(client, "case_a").marks
    with pytest.raises(Refused, match="marks"):
        client.save_marks("case_c", b"{}")


# Clicks


def ball():
    """The voxels within 6 mm of the point, on the whole lattice."""
    index = np.indices(SHAPE).reshape(3, -1)
    distance = np.linalg.norm(AFFINE[:3, :3] @ index + AFFINE[:3, 3:] - np.array(POINT)[:, None], axis=0)
    return (distance <= 6).reshape(SHAPE)


@pytest.mark.parametrize("lent", [False, True], ids=["a case", "a session"])
def test_the_mask_of_a_click_lies_where_it_belongs(client, studies, lent):
    source = Source(session=client.open_session(studies / "case_a.nii.gz")) if lent else Source(case="case_a")
    answer = client.infer("lesion_shape", source, {**CLICK, "probability": True})
    whole = np.zeros(SHAPE, bool)
    i, j, k = answer.mask.origin_index
    n, m, p = answer.mask.voxels.shape
    whole[i : i + n, j : j + m, k : k + p] = answer.mask.voxels

    assert np.array_equal(whole, ball())
    assert np.allclose(answer.mask.affine @ [0, 0, 0, 1], AFFINE @ [i, j, k, 1])
    assert np.array_equal(answer.mask.affine[:3, :3], AFFINE[:3, :3])
    assert answer.probability.voxels.shape == (n, m, p)
    assert answer.probability.voxels.max() == pytest.approx(1, abs=0.01)
    assert (answer.kind, answer.size_mm, answer.size_given, answer.certainty) == ("shape", 12.0, True, 0.5)
    assert answer.volume_mm3 == ball().sum() * 3.0
    assert answer.label_names == (("lesion", 1),)


def test_a_point_outside_the_image_is_told_with_where_the_image_is(client):
    with pytest.raises(Refused, match=r"point_mm lies outside the image.*RAS mm within") as error:
        client.infer("lesion_shape", Source("case_a"), {"point_mm": (999, 0, 0)})
    assert error.value.status == 422


def test_a_session_that_is_over_is_told_apart(client):
    with pytest.raises(Refused) as error:
        client.infer("lesion_shape", Source(session="gone"), CLICK)
    assert error.value.status == 404


def test_an_image_that_is_too_large_or_none_is_refused(client, tmp_path):
    large = write(tmp_path / "large.nii.gz", os.urandom(3 << 20))
    with pytest.raises(Refused, match="larger than the server takes") as error:
        client.open_session(large)
    assert error.value.status == 413
    with pytest.raises(Refused) as error:
        client.open_session(write(tmp_path / "text.nii.gz", b"no image"))
    assert error.value.status == 422


def test_a_click_that_takes_long_is_cancelled_at_once_and_the_next_one_answered(client):
    client.server()
    job = Job()
    threading.Timer(0.2, job.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        client.infer("lesion_shape", Source("case_a"), {"point_mm": POINT, "size_mm": SLOW_MM + 10}, job)
    assert time.monotonic() - started < 2

    assert client.infer("lesion_shape", Source("case_a"), CLICK).diameter_mm == 12.0


@contextmanager
def doomed(folder, token):
    """A server that the test may kill: its address, and how."""
    port = free_port()
    own = {"PYTHONPATH": os.pathsep.join([str(LIB), str(LIB.parent)]), "LESIONLAB_TOKEN": token, "OMP_NUM_THREADS": "1"}
    env = {**os.environ, **own}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(balls(folder / "studies", port), stdout=log, stderr=log, env=env, cwd=folder)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    Client(f"localhost:{port}", token).server()
                    break
                except ServerLost:
                    assert server.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield f"localhost:{port}", lambda: os.kill(server.pid, signal.SIGKILL)
        finally:
            server.kill()
            server.wait(20)


def test_a_server_with_a_token_opens_to_it_alone_and_is_lost_when_it_is_killed_in_the_midst_of_a_click(tmp_path):
    fill(tmp_path / "studies")
    with doomed(tmp_path, "correct-horse") as (url, kill):
        for token in ("", "wrong-horse"):
            with pytest.raises(Refused, match="token") as error:
                Client(url, token).server()
            assert error.value.status == 401

        client = Client(url, "correct-horse")
        client.server()
        threading.Timer(0.2, kill).start()
        with pytest.raises(ServerLost, match="broke the connection off"):
            client.infer("lesion_shape", Source("case_a"), {"point_mm": POINT, "size_mm": SLOW_MM + 10})
        with pytest.raises(ServerLost, match="No server answers"):
            client.cases()


# Labels


def label(tmp_path, corner):
    array = np.zeros(SHAPE, np.uint8)
    array[:corner, :corner, :corner] = 1
    return write(tmp_path / f"label{corner}.nii.gz", label_bytes(array))


def test_labels_grow_from_each_other_and_nobody_overwrites_another(client, tmp_path):
    assert client.fetch_label("case_a", "final", tmp_path) is None
    prompt = {"point_mm": [1.0, 2.0, 3.0], "size_mm": 12.0}
    first = client.save_label("case_a", label(tmp_path, 3), None, Provenance("Dr. X", ME, "ball-1", (prompt,)))
    second = client.save_label("case_a", label(tmp_path, 4), first.revision, Provenance("Dr. Y", OTHER))
    assert (first.parent, second.parent) == (None, first.revision)

    with pytest.raises(Conflict) as error:
        client.save_label("case_a", label(tmp_path, 5), first.revision, Provenance("Dr. X", ME))
    assert error.value.head == second.revision
    assert error.value.revision not in {"", first.revision, second.revision}

    found = client.fetch_label("case_a", "final", tmp_path / "down")
    assert found.revision == second.revision
    assert found.path.name == "case_a.label.final.nii.gz"
    assert read_nifti(found.path.read_bytes())[0].sum() == 4**3
    assert case(client, "case_a").revision == second.revision

    third = client.save_label("case_a", label(tmp_path, 5), second.revision, Provenance("Dr. X", ME))
    assert third.parent == second.revision


def test_a_label_of_another_lattice_is_refused_and_nothing_is_kept(client, tmp_path):
    other = write(tmp_path / "other.nii.gz", image_bytes(1, (4, 4, 4)))
    with pytest.raises(Refused, match="lattice") as error:
        client.save_label("case_b", other, None, Provenance())
    assert error.value.status == 422
    assert case(client, "case_b").revision is None


# Training


def test_a_training_is_started_watched_compared_and_its_version_chosen(tmp_path):
    port, folder = free_port(), write_studies(tmp_path / "studies")
    command = [sys.executable, "-m", "lesionlab", "serve", "--studies", str(folder), "--port", str(port)]
    with process([*command, "--tasks", str(write_task(tmp_path / "tasks"))], port, tmp_path / "log"):
        client = Client(f"localhost:{port}")
        task = next(task for task in client.server().tasks if task.name == "tiny")
        job = client.start_training("tiny", 2)
        states, deadline = [client.training(job)], time.monotonic() + 120
        while not states[-1].over:
            assert time.monotonic() < deadline
            time.sleep(0.1)
            states.append(client.training(job))
        last = states[-1]
        shares = [each.share for each in states if each.share is not None]

        assert (last.task, last.state, last.version) == ("tiny", "done", "v1"), last.message
        assert last.comparison.reason
        assert shares == sorted(shares)
        versions = {each.version: each for each in client.versions("tiny")}
        assert versions["v1"].labels == 15
        client.use_version("tiny", "v1")
        assert [each.version for each in client.versions("tiny") if each.current] == ["v1"]
        with pytest.raises(Refused, match="weights"):
            client.use_version("tiny", "shipped")
        assert task.version == "shipped"

        second = client.start_training("tiny", 2000)
        client.cancel_training(second)
        deadline = time.monotonic() + 10
        while client.training(second).state != "cancelled":
            assert time.monotonic() < deadline
            time.sleep(0.1)

"""The workflow against the real server, on slicer-core's MRML scene: what must hold when things go wrong, too."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest

from LesionLabLib.client import Client
from tests.extension.scene.parts import OBLIQUE, add_volume
from tests.extension.workflow.desk import Desk
from tests.extension.workflow.fakes import ball
from tests.extension.workflow.serving import Served
from tests.extension.workflow.test_cases import volume
from tests.server.conftest import fill, image_bytes, ras
from tests.server.fakes import SLOW_MM
from tests.server.training import write_studies, write_task

pytestmark = pytest.mark.server

MIDDLE = ras((20, 18, 15))
FAR = ras((8, 9, 10))


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """One server for all, as it takes seconds to start; each test has cases of its own."""
    folder = tmp_path_factory.mktemp("served")
    studies = folder / "studies"
    studies.mkdir()
    for number in range(9):
        (studies / f"case_{number}.nii.gz").write_bytes(image_bytes(number))
    made = Served(studies)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def fresh_case() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"case_{next(numbers)}"


@pytest.fixture
def reader(served, tmp_path) -> Iterator[Callable[[str], Desk]]:
    """Readers who have connected."""
    made: list[Desk] = []

    def make(name: str) -> Desk:
        desk = Desk(Client, tmp_path / name, author=name)
        made.append(desk)
        desk.workflow.connect(served.url)
        desk.settle()
        assert desk.state.connection.status == "ready"
        return desk

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(reader, fresh_case) -> Desk:
    """A reader who has opened a case that nobody has worked on."""
    made = reader("reader A")
    made.workflow.open_case(fresh_case())
    made.settle()
    assert made.state.case is not None
    return made


def test_a_click_gives_a_mask_in_register_and_a_nudge_follows(desk):
    desk.workflow.place_point(MIDDLE, 12.0)
    desk.settle()
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))
    desk.workflow.resize(desk.lesion().id, 9.0)
    desk.settle()
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 9.0))
    assert desk.lesion().model_version == "ball-1"
    desk.workflow.show_heat("Probability")
    desk.settle()
    assert desk.workflow._heat._shown is not None


def test_a_submitted_case_comes_back_with_marks_masks_and_presence(desk, reader):
    desk.workflow.place_point(MIDDLE, 12.0)
    desk.workflow.place_line(ras((6, 9, 10)), ras((10, 9, 10)))
    desk.workflow.set_presence("cancer", True)
    desk.settle()
    desk.workflow.submit()
    desk.settle()
    assert "read back the same" in desk.said
    other = reader("reader B")
    other.workflow.open_case(desk.state.case.name)
    other.settle()
    assert [(one.shape, one.status) for one in other.state.lesions] == [("sphere", "done"), ("line", "done")]
    np.testing.assert_array_equal(other.voxels(0), ball(MIDDLE, 12.0))
    np.testing.assert_array_equal(other.voxels(1), ball(FAR, 6.0))
    np.testing.assert_allclose(other.lesion(1).ends_mm, [ras((6, 9, 10)), ras((10, 9, 10))], atol=1e-6)
    assert other.state.presence == (("cancer", True),)
    assert other.state.case.revision == desk.state.case.revision


def test_a_server_killed_in_the_midst_of_a_click_loses_nothing(desk, served):
    desk.workflow.use_volume(volume(desk).GetID())
    desk.workflow.place_point(FAR, 6.0)
    desk.settle()
    session = desk.state.case.session
    slow = SLOW_MM + 2.0
    desk.workflow.place_point(MIDDLE, slow)
    desk.ticks(0.2)
    assert desk.lesion(1).status == "running"
    served.kill()
    desk.until(lambda state: state.connection.status == "lost")
    desk.settle()
    assert "reconnect" in desk.said
    assert [lesion.status for lesion in desk.state.lesions] == ["done", "waiting"]
    np.testing.assert_array_equal(desk.voxels(0), ball(FAR, 6.0))
    assert len(desk.scene.read_marks()) == 2
    desk.workflow.place_point(ras((30, 30, 20)), 5.0)  # the work goes on
    served.start()
    desk.workflow.reconnect()
    desk.settle()
    assert desk.state.connection.status == "ready"
    assert desk.state.case.session not in {"", session}
    assert [lesion.status for lesion in desk.state.lesions] == ["done"] * 3
    claims = ball(MIDDLE, slow) & ~ball(ras((30, 30, 20)), 5.0)
    np.testing.assert_array_equal(desk.voxels(1), claims)


def test_a_second_reader_of_the_same_case_is_told_and_both_labels_are_kept(desk, reader, served):
    other = reader("reader B")
    other.workflow.open_case(desk.state.case.name)
    other.settle()
    assert f"Somebody else works on {desk.state.case.name}" in other.said
    other.workflow.place_point(FAR, 6.0)
    other.settle()
    other.workflow.submit()
    other.settle()
    assert other.state.case.revision
    desk.workflow.place_point(MIDDLE, 12.0)
    desk.settle()
    desk.workflow.submit()
    desk.settle()
    assert desk.state.notice.level == "warning"
    assert f"reader B saved {desk.state.case.name}" in desk.said
    assert "Both labels are kept" in desk.said
    assert desk.state.conflict == other.state.case.revision
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))
    desk.workflow.submit(over_conflict=True)
    desk.settle()
    assert not desk.state.case.unsaved
    assert desk.state.conflict == ""
    history = httpx.get(f"{served.url}/ledger/{desk.state.case.name}").json()
    assert [(one["author"], one["conflict"], one["head"]) for one in history] == [
        ("reader B", False, False),
        ("reader A", True, False),
        ("reader A", False, True),
    ]
    assert history[2]["parent"] == history[0]["revision"]
    assert history[2]["prompts"][0]["point_mm"] == list(MIDDLE)


def test_a_point_or_a_size_out_of_range_is_said_plainly(desk):
    desk.workflow.place_point((500.0, 0.0, 0.0))
    assert f"outside the image {desk.state.case.name}" in desk.said
    desk.workflow.place_point(MIDDLE, 900.0)
    desk.settle()
    assert desk.lesion().status == "failed"
    assert "size_mm does not fit the image" in desk.said
    desk.workflow.resize(desk.lesion().id, 12.0)
    desk.settle()
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take a running process its disk away")
def test_a_full_disk_on_the_server_is_said_and_the_work_is_kept(desk, served):
    desk.workflow.place_point(MIDDLE, 12.0)
    desk.settle()
    served.fill_disk()
    desk.workflow.submit()
    desk.settle()
    assert desk.state.notice.level == "error"
    assert "Not submitted" in desk.said
    assert "The work is still here" in desk.said
    assert desk.state.case.unsaved
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))
    desk.workflow.resize(desk.lesion().id, 10.0)
    desk.settle()
    np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 10.0))  # clicks need no disk
    served.empty_disk()
    desk.workflow.submit()
    desk.settle()
    assert not desk.state.case.unsaved, desk.said


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only a user who may mount can make a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_is_named_and_room_on_it_ends_the_trouble(small_disk, tmp_path):
    fill(small_disk / "studies")
    served = Served(small_disk / "studies", log=tmp_path / "server.log")
    desk = Desk(Client, tmp_path / "desk")
    try:
        desk.workflow.connect(served.url)
        desk.workflow.open_case("case_a")
        desk.settle()
        desk.workflow.place_point(MIDDLE, 12.0)
        desk.settle()
        ballast = small_disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        desk.workflow.submit()
        desk.settle()
        assert "Not submitted" in desk.said
        assert "disk is full" in desk.said
        assert desk.state.case.unsaved
        np.testing.assert_array_equal(desk.voxels(), ball(MIDDLE, 12.0))
        ballast.unlink()
        desk.workflow.submit()
        desk.settle()
        assert not desk.state.case.unsaved, desk.said
    finally:
        desk.close()
        served.stop()


def test_the_next_case_goes_to_one_reader_only(reader):
    first, second = reader("reader A"), reader("reader B")
    for desk in (first, second):
        desk.workflow.open_next("first")
        desk.settle()
    assert first.state.case.name != second.state.case.name
    first.workflow.close_case()
    first.settle()
    first.workflow.refresh_cases()
    first.settle()
    assert [case.lease is not None for case in first.state.cases].count(True) == 1


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Iterator[Served]:
    """The real server with the shipped model, and a task on which training takes seconds."""
    folder = tmp_path_factory.mktemp("network")
    made = Served(write_studies(folder / "studies"), False, "--tasks", str(write_task(folder / "tasks")))
    yield made
    made.stop()


@pytest.fixture
def learner(network, tmp_path) -> Iterator[Desk]:
    desk = Desk(Client, tmp_path / "learner", poll_seconds=0.05)
    desk.workflow.connect(network.url)
    desk.settle()
    yield desk
    desk.close()


def test_the_shipped_model_outlines_a_phantom_on_an_oblique_volume(learner):
    shape, centre, radii = (48, 44, 20), np.array([22.0, 20.0, 9.0]), np.array([8.0, 8.0, 8.0])
    index = np.indices(shape).reshape(3, -1)
    spacing = np.linalg.norm(OBLIQUE[:3, :3], axis=0)
    inside = (np.linalg.norm((index - centre[:, None]) * spacing[:, None] / radii[:, None], axis=0) <= 1).reshape(shape)
    noise = np.random.default_rng(5).normal(0, 10, shape)
    voxels = (100 * inside + noise).astype(np.int16)
    learner.workflow.choose_task("lesion_shape")
    learner.workflow.use_volume(add_volume(learner.mrml, voxels, OBLIQUE, "oblique").GetID())
    learner.workflow.place_point(tuple((OBLIQUE @ [*centre, 1.0])[:3]), 16.0)
    learner.settle(60)
    assert learner.lesion().status == "done", learner.said
    mask = learner.voxels()
    assert 2 * (mask & inside).sum() / (mask.sum() + inside.sum()) >= 0.85


def test_a_training_is_followed_live_compared_and_another_is_cancelled(learner):
    learner.workflow.choose_task("tiny")
    shares = []
    learner.workflow.subscribe(lambda state: shares.append(state.training.share) if state.training else None)
    learner.workflow.start_training(2)
    learner.until(lambda state: state.training is not None and state.training.over, 120)
    learner.settle()
    assert learner.state.training.state == "done", learner.said
    assert "The training is done" in learner.said
    assert learner.state.training.comparison is not None
    assert any(share is not None and 0 < share < 1 for share in shares)
    assert learner.state.versions[0].version == "v1"
    learner.workflow.use_version("v1")
    learner.settle()
    assert next(version for version in learner.state.versions if version.current).version == "v1"
    learner.workflow.start_training(2000)
    learner.until(lambda state: state.training is not None and state.training.state == "running", 60)
    learner.workflow.cancel_training()
    learner.until(lambda state: state.training.over, 30)
    assert learner.state.training.state == "cancelled"

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.cache import VolumeCache
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume


class Reader:
    """Gives 1000 bytes for any file, counts, and can be held back."""

    def __init__(self, nbytes: int = 1000) -> None:
        self.nbytes, self.opened = nbytes, []  # type: ignore[var-annotated]
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()

    def __call__(self, path: Path) -> Volume:
        self.opened.append(path.name)
        self.begun.set()
        assert self.go.wait(10)
        return Volume(np.zeros((self.nbytes, 1, 1), np.uint8), Geometry((self.nbytes, 1, 1), np.eye(4)))


def files(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_a_volume_is_opened_once_and_again_when_its_file_changes(tmp_path: Path) -> None:
    reader = Reader()
    cache = VolumeCache(5000, reader)
    (a,) = files(tmp_path, "a")
    assert cache.get(a) is cache.get(tmp_path / "." / "a")
    assert reader.opened == ["a"]
    os.utime(a, ns=(1, 1))
    cache.get(a)
    assert reader.opened == ["a", "a"]
    assert cache.nbytes == 1000


def test_memory_stays_bounded_and_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    reader = Reader()
    cache = VolumeCache(2500, reader)
    a, b, c = files(tmp_path, "a", "b", "c")
    for path in (a, b, a, c):  # c pushes b out
        cache.get(path)
    assert cache.nbytes == 2000
    cache.get(a)
    assert reader.opened == ["a", "b", "c"]
    cache.get(b)
    assert reader.opened == ["a", "b", "c", "b"]


def test_a_volume_larger_than_the_bound_is_answered_but_not_kept(tmp_path: Path) -> None:
    reader = Reader(3000)
    cache = VolumeCache(2500, reader)
    (a,) = files(tmp_path, "a")
    assert cache.get(a).nbytes == 3000
    assert cache.nbytes == 0
    cache.get(a)
    assert reader.opened == ["a", "a"]


def test_threads_that_ask_at_once_open_a_file_once_and_do_not_hold_up_others(tmp_path: Path) -> None:
    reader = Reader()
    cache = VolumeCache(5000, reader)
    a, b = files(tmp_path, "a", "b")
    kept = cache.get(b)
    reader.go.clear()
    reader.begun.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.get, a) for _ in range(8)]
        assert reader.begun.wait(10)
        assert cache.get(b) is kept  # while a is still being read
        reader.go.set()
        volumes = {id(future.result(10)) for future in waiting}
    assert len(volumes) == 1
    assert reader.opened == ["b", "a"]


def test_a_failure_is_told_and_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_text("broken")
    cache = VolumeCache(10**6)
    with pytest.raises(InputError, match=r"a.nii.gz"):
        cache.get(path)
    write_volume(Volume.zeros(Geometry((2, 2, 2), np.eye(4))), path)
    assert cache.get(path).array.shape == (2, 2, 2)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="gone"):
        VolumeCache(1000).get(tmp_path / "gone.nii")


def test_clear_lets_everything_go(tmp_path: Path) -> None:
    reader = Reader()
    cache = VolumeCache(5000, reader)
    (a,) = files(tmp_path, "a")
    cache.get(a)
    cache.clear()
    assert cache.nbytes == 0
    cache.get(a)
    assert reader.opened == ["a", "a"]

"""Opened volumes, kept until their memory is wanted for others."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from lesionlab.errors import NotFoundError
from lesionlab.image.files import read_volume
from lesionlab.image.volume import Volume

_Key = tuple[str, int, int]


class VolumeCache:
    """The least recently used volumes are let go first. Safe to call from several threads.

    Args:
        max_bytes: bound of the voxels held; a larger volume is answered but not kept.
        read: how to open a file.
    """

    def __init__(self, max_bytes: int, read: Callable[[Path], Volume] = read_volume) -> None:
        self._max_bytes, self._read = max_bytes, read
        self._held: OrderedDict[_Key, Volume] = OrderedDict()
        self._reading: dict[_Key, Future[Volume]] = {}
        self._nbytes = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Memory of the voxels held."""
        return self._nbytes

    def get(self, path: Path) -> Volume:
        """The volume of a file, opened anew when the file has changed; two callers at once open it once.

        Raises:
            NotFoundError: there is no such file.
            InputError: it cannot be read.
        """
        key = _key(path)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            running = self._reading.get(key)
            if running is None:
                mine: Future[Volume] = Future()
                self._reading[key] = mine
        if running is not None:
            return running.result()
        return self._open(path, key, mine)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self._nbytes = 0

    def _open(self, path: Path, key: _Key, future: Future[Volume]) -> Volume:
        try:
            volume = self._read(path)
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            future.set_result(volume)
            self._keep(key, volume)
            return volume
        finally:
            with self._lock:
                self._reading.pop(key, None)

    def _keep(self, key: _Key, volume: Volume) -> None:
        with self._lock:
            for stale in [k for k in self._held if k[0] == key[0]]:
                self._nbytes -= self._held.pop(stale).nbytes
            if volume.nbytes > self._max_bytes:
                return
            self._held[key] = volume
            self._nbytes += volume.nbytes
            while self._nbytes > self._max_bytes:
                self._nbytes -= self._held.popitem(last=False)[1].nbytes


def _key(path: Path) -> _Key:
    try:
        status = path.stat()
    except OSError as error:
        raise NotFoundError("the image does not exist", got=str(path)) from error
    return str(path.resolve()), status.st_mtime_ns, status.st_size

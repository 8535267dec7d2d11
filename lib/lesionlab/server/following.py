"""Requests while they are answered: how far each is, and their end when nobody waits any more."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from lesionlab.checked import shown
from lesionlab.errors import CancelledError, ConflictError, InputError, NotFoundError
from lesionlab.progress import Progress

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
#: How often to see whether the client is still there.
_LOOK_SECONDS = 0.25


class Watch:
    """One request. Its ``report`` may be called from another thread than its other methods."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self.progress = Progress(0, 1, "waiting")

    def report(self, progress: Progress) -> None:
        """Note how far the work is. Raises CancelledError when nobody waits for it any more."""
        self.progress = progress
        self.check()

    def check(self) -> None:
        """Raise CancelledError when nobody waits any more."""
        if self._cancelled.is_set():
            raise CancelledError("nobody waits for the answer any more")

    async def answered(self, request: Request, work: Future[T]) -> T:
        """What the work returns; a client that goes away ends it at its next step.

        Raises:
            ClientDisconnect: the client went away.
        """
        waiting = asyncio.wrap_future(work)
        while not (await asyncio.wait({waiting}, timeout=_LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                self._cancelled.set()
                waiting.cancel()
                raise ClientDisconnect
        return waiting.result()


class Watches:
    """The requests that are answered now, by the names that their clients gave them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[str, Watch] = {}

    @contextmanager
    def watch(self, name: str | None) -> Iterator[Watch]:
        """Follow one request until it is answered; None: nobody will ask how far it is.

        Raises:
            InputError: the name is no name.
            ConflictError: another request of that name is being answered.
        """
        watch = Watch()
        if name is None:
            yield watch
            return
        if not _NAME.fullmatch(name):
            expected = "1 to 64 letters, digits, and _ . -"
            raise InputError("query parameter 'progress' is wrong", got=shown(name), expected=expected)
        with self._lock:
            if name in self._now:
                raise ConflictError("a request with this name is being answered", got=name, expected="another name")
            self._now[name] = watch
        try:
            yield watch
        finally:
            with self._lock:
                del self._now[name]

    def progress(self, name: str) -> Progress:
        """How far a request is. Raises NotFoundError when none of that name is being answered."""
        with self._lock:
            watch = self._now.get(name)
        if watch is None:
            raise NotFoundError("no request of this name is being answered", got=name)
        return watch.progress

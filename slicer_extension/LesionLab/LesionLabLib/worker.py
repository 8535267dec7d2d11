"""One background thread for what takes long; its results wait until the host fetches them on the main thread."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import Cancelled, Replaced

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: How long `Worker.close` waits for work that does not heed its cancellation, seconds.
CLOSE_S = 5.0


class Job:
    """What a piece of work knows of its user: how to tell how far it is, and whether it is still wanted. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        self._share: float | None = None
        self._text = ""

    @property
    def cancelled(self) -> bool:
        """Whether the user gave it up."""
        return self._cancelled

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None when nobody knows."""
        return self._share

    @property
    def text(self) -> str:
        """What is being done; empty for what was said when it was submitted."""
        return self._text

    def report(self, share: float | None, text: str = "") -> None:
        """Say how much is done (0 to 1, None: not known), and with ``text`` what.

        Raises:
            Cancelled: the user gave it up.
        """
        self.check()
        self._share = None if share is None else min(max(float(share), 0.0), 1.0)
        if text:
            self._text = text

    def check(self) -> None:
        """Stop here if the user gave it up.

        Raises:
            Cancelled: they did.
        """
        if self._cancelled:
            raise Cancelled

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when the user gives up, on their thread (at once if they did): it must be as quick as closing a socket.

        Returns:
            A function that takes the callback back.
        """
        with self._lock:
            if not self._cancelled:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        _quietly(callback)
        return lambda: None

    def cancel(self) -> None:
        """Give it up. The work ends at its next `check`; what it waits for is closed by its callbacks."""
        with self._lock:
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            _quietly(callback)

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


def _quietly(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:  # what is closed already must not keep the user waiting
        logger.debug("closing after a cancellation failed", exc_info=True)


@dataclass(frozen=True)
class Activity:
    """Work that waits or runs, for the user to see."""

    id: int
    text: str
    share: float | None
    """0 to 1; None when nobody knows."""
    cancellable: bool = True
    running: bool = True
    """False while it waits for its turn."""


@dataclass(eq=False)
class Ticket:
    """Work that was submitted."""

    id: int
    text: str
    key: str
    job: Job = field(default_factory=Job)
    settled: bool = False
    """Whether its outcome is decided: done, failed, cancelled or replaced."""
    _work: Callable[[Job], Any] | None = field(default=None, repr=False)
    _done: Callable[[Any], None] | None = field(default=None, repr=False)
    _failed: Callable[[Exception], None] | None = field(default=None, repr=False)


class Worker:
    """One thread that does submitted work in order, first in, first out.

    Every submission ends in exactly one call, either of ``done`` or of ``failed``, and always from within `deliver`. Cancelled work
    fails with `Cancelled`, work that a newer one of the same key replaced with `Replaced`.

    Args:
        yield_s: How long `deliver` waits for the thread while it works. Only for hosts whose event loop keeps Python's lock to
            itself, where the thread would otherwise never come to its turn.
    """

    def __init__(self, yield_s: float = 0.0) -> None:
        self._yield_s = yield_s
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._settled = threading.Event()
        self._numbers = itertools.count(1)
        self._waiting: deque[Ticket] = deque()
        self._running: Ticket | None = None
        self._outcomes: deque[Callable[[], None]] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="LesionLab worker", daemon=True)
        self._thread.start()

    def submit(
        self,
        text: str,
        work: Callable[[Job], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        key: str = "",
    ) -> Ticket:
        """Do ``work`` when its turn comes.

        Args:
            text: what it is, for the user.
            work: runs on the thread, with the `Job` that it reports to.
            done: gets what ``work`` returned.
            failed: gets what ``work`` raised.
            key: takes the place of work with the same key that still waits; empty for none.
        """
        ticket = Ticket(next(self._numbers), text, key, _work=work, _done=done, _failed=failed)
        with self._lock:
            if self._closed:
                self._settle(ticket, error=Cancelled("The extension is closing."))
                return ticket
            old = next((other for other in self._waiting if key and other.key == key), None)
            if old is None:
                self._waiting.append(ticket)
            else:
                self._waiting[self._waiting.index(old)] = ticket
                self._settle(old, error=Replaced())
            self._wake.notify()
        return ticket

    def deliver(self) -> int:
        """Call back for all that is settled, in the order in which it was; returns how many calls were made.

        Runs on the main thread only. What a callback raises comes out here; the outcomes behind it are delivered by the next call.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("deliver() belongs to the main thread, it was called by the work itself")
        if self._yield_s > 0 and (self._running or self._waiting) and not self._outcomes:
            self._settled.wait(self._yield_s)
        self._settled.clear()
        count = 0
        for _ in range(len(self._outcomes)):
            try:
                call = self._outcomes.popleft()
            except IndexError:  # a callback ran a loop of its own, which delivered the rest
                break
            count += 1
            call()
        return count

    def activities(self) -> tuple[Activity, ...]:
        """What runs and what waits, in order."""
        with self._lock:
            running = self._running
            shown = [_activity(running, True)] if running is not None and not running.settled else []
            return (*shown, *(_activity(ticket, False) for ticket in self._waiting))

    def cancel(self, id: int) -> None:
        """Give up what waits or runs under that id: it fails with `Cancelled` at the next `deliver`. What is over stays so."""
        with self._lock:
            ticket = next((t for t in (self._running, *self._waiting) if t is not None and t.id == id), None)
            if ticket is None or ticket.settled:
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            self._settle(ticket, error=Cancelled())
        ticket.job.cancel()

    def close(self) -> None:
        """Give up everything and end the thread; `deliver` may be called once more to hear of it."""
        with self._lock:
            self._closed = True
            ids = [ticket.id for ticket in (self._running, *self._waiting) if ticket is not None]
            self._wake.notify()
        for id in ids:
            self.cancel(id)
        self._thread.join(CLOSE_S)

    def _loop(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
                ticket = self._running = self._waiting.popleft()
            self._do(ticket)

    def _do(self, ticket: Ticket) -> None:
        result, error = None, None
        try:
            assert ticket._work is not None
            result = ticket._work(ticket.job)
        except Exception as raised:  # carried to `failed`
            error = raised
        with self._lock:
            self._running = None
            if not ticket.settled:
                self._settle(ticket, result, error)

    def _settle(self, ticket: Ticket, result: object = None, error: Exception | None = None) -> None:
        # The lock is held: an outcome is decided once.
        done, failed = ticket._done, ticket._failed
        ticket.settled = True
        ticket._work = ticket._done = ticket._failed = (
            None  # what they hold (images) must not live as long as the ticket
        )
        assert done is not None
        assert failed is not None
        self._outcomes.append((lambda: done(result)) if error is None else (lambda: failed(error)))
        self._settled.set()


def _activity(ticket: Ticket, running: bool) -> Activity:
    return Activity(ticket.id, ticket.job.text or ticket.text, ticket.job.share, True, running)

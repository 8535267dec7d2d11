"""Requests to the server: sent from the worker's thread, answered on the main thread, and what every failure does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, TypeVar

from LesionLabLib.errors import Cancelled, ExtensionError, Replaced, ServerLost

from .current import Current
from .state import ERROR, INFO, LOST, READY, Connection

if TYPE_CHECKING:
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Activity, Job, Ticket, Worker

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Link:
    """One connection to a server: all that was asked through it fails at once when it is lost."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lost: ServerLost | None = None

    def do(self, work: Callable[[Client, Job], T], job: Job) -> T:
        """Do something with the server; on the worker's thread.

        Raises:
            ServerLost: it is lost, or was already.
        """
        if self._lost is not None:
            raise ServerLost(str(self._lost))
        try:
            return work(self._client, job)
        except ServerLost as error:
            self._lost = error
            raise


class Asking:
    """Sends work to the worker and sorts out how it ends."""

    def __init__(self, current: Current, worker: Worker) -> None:
        self._current = current
        self._worker = worker
        self._link: Link | None = None
        self._quiet: set[int] = set()

    @property
    def ready(self) -> bool:
        """Whether a server answers."""
        return self._link is not None and self._current.state.connection.status == READY

    @property
    def busy(self) -> bool:
        """Whether the worker has anything to do."""
        return bool(self._worker.activities())

    def use(self, client: Client | None) -> None:
        """Ask this server from now on; what was asked of another is given up."""
        self.cancel_all()
        self._link = None if client is None else Link(client)

    def ask(
        self,
        text: str,
        work: Callable[[Client, Job], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
        key: str = "",
        of_case: bool = True,
        quiet: bool = False,
        after: Callable[[], None] = lambda: None,
    ) -> Ticket | None:
        """Ask the server.

        Args:
            text: what it is, for the user.
            work: runs on the worker's thread.
            done: gets the answer, on the main thread.
            failed: gets the error; by default the user is told.
            key: replaces work of the same key that still waits.
            of_case: the answer is dropped when another image is open by then.
            quiet: not shown among the activities.
            after: called in the end in any case, also when nobody wants to hear of it any more.

        Returns:
            None when there is no server; the user is told, unless ``quiet``.
        """
        link, epoch = self._link, self._current.epoch
        if link is None:
            if not quiet:
                self._current.say(ERROR, "There is no server. Connect to one first.")
            after()
            return None

        def wanted() -> bool:
            return self._link is link and (not of_case or self._current.epoch == epoch)

        def answered(result: T) -> None:
            try:
                if wanted():
                    self.guard(lambda: done(result))
            finally:
                after()

        def went_wrong(error: Exception) -> None:
            try:
                if self._link is link and isinstance(error, ServerLost):
                    self._lose(error)
                if wanted():
                    self.guard(lambda: (failed or self.tell)(error))
            finally:
                after()

        ticket = self._worker.submit(text, lambda job: link.do(work, job), answered, went_wrong, key)
        if quiet:
            self._quiet.add(ticket.id)
        return ticket

    def tell(self, error: Exception) -> None:
        """Tell the user what went wrong."""
        if isinstance(error, (Replaced, ServerLost)):
            return  # a newer request took its place; of a lost server the connection tells
        self._current.say(INFO if isinstance(error, Cancelled) else ERROR, plain(error))

    def guard(self, action: Callable[[], None]) -> None:
        """Do something on the main thread; a fault that is not ours becomes a notice."""
        try:
            action()
        except (ExtensionError, OSError) as error:
            self._current.say(ERROR, plain(error))

    def activities(self) -> tuple[Activity, ...]:
        """What the user may see and cancel."""
        return tuple(activity for activity in self._worker.activities() if activity.id not in self._quiet)

    def deliver(self) -> None:
        """Hand out what the worker finished."""
        self._worker.deliver()
        self._quiet &= {activity.id for activity in self._worker.activities()}

    def show_activities(self) -> None:
        """Show what the worker does."""
        shown = self.activities()
        if shown != self._current.state.activities:
            self._current.change(activities=shown)

    def cancel(self, activity_id: int) -> None:
        """Give one request up."""
        self._worker.cancel(activity_id)

    def cancel_all(self) -> None:
        """Give every request up."""
        for activity in self._worker.activities():
            self._worker.cancel(activity.id)

    def close(self) -> None:
        """Stop the worker."""
        self._link = None
        self._worker.close()
        self._worker.deliver()

    def _lose(self, error: Exception) -> None:
        connection = self._current.state.connection
        if connection.status == LOST:
            return
        text = f"{plain(error)} Nothing in the scene is lost: reconnect, and what was left unanswered is asked again."
        self._current.change(connection=Connection(LOST, connection.url, connection.server_version, plain(error)))
        self._current.say(ERROR, text)


def plain(error: Exception) -> str:
    """What happened, for people; an error that nobody foresaw is named, and logged."""
    if isinstance(error, ExtensionError):
        return str(error)
    if isinstance(error, OSError):
        return f"A file of this computer cannot be used: {error}."
    logger.error("an error that nobody foresaw", exc_info=error)
    return f"Something went wrong in the extension itself: {type(error).__name__}: {error}"

"""The server: found, lost, found again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable

from LesionLabLib.errors import ExtensionError

from .asking import plain
from .cases import Cases
from .checking import BadInput
from .context import Context
from .heat import HeatMaps
from .loan import Loans
from .prompts import Prompts
from .state import CONNECTING, ERROR, LOST, NONE, READY, Connection
from .training import Trainings

if TYPE_CHECKING:
    from LesionLabLib.answers import Case, ServerInfo, TaskInfo
    from LesionLabLib.client import Client

ClientFactory = Callable[[str, str], "Client"]


class Connecting:
    """Shakes hands, and takes up after that what was left unanswered."""

    def __init__(
        self,
        context: Context,
        client_factory: ClientFactory,
        loans: Loans,
        prompts: Prompts,
        cases: Cases,
        heat: HeatMaps,
        trainings: Trainings,
    ) -> None:
        self._context = context
        self._client_factory = client_factory
        self._loans = loans
        self._prompts = prompts
        self._cases = cases
        self._heat = heat
        self._trainings = trainings
        self._address: tuple[str, str] = ("", "")

    def connect(self, url: str, token: str) -> None:
        """Find the server at an address."""
        try:
            client = self._client_factory(url, token)
        except ExtensionError as error:
            connection = replace(self._context.state.connection, message=plain(error))
            self._context.current.change(connection=connection)
            raise
        before = self._context.state.connection.url
        self._leave()
        if client.url != before:
            self._trainings.forget()
        self._address = (url, token)
        self._context.asking.use(client)
        self._context.current.change(connection=Connection(CONNECTING, client.url), notice=None)
        self._context.asking.ask(
            f"Connecting to {client.url}",
            lambda asked, job: asked.server(job),
            self._found,
            self._not_found,
            key="connect",
            of_case=False,
        )

    def reconnect(self) -> None:
        """Find the same server again."""
        if not self._address[0]:
            raise BadInput("There was no server yet. Type its address first.")
        self.connect(*self._address)

    def disconnect(self) -> None:
        """Forget the server."""
        self._leave()
        self._trainings.forget()
        self._context.asking.use(None)
        self._context.current.change(connection=Connection(), tasks=(), task="", options=(), strategies=(), cases=())
        self._heat.offer()

    def refresh_cases(self) -> None:
        """Read the list of cases again."""

        def done(cases: tuple[Case, ...]) -> None:
            if cases != self._context.state.cases:
                self._context.current.change(cases=cases)

        self._context.asking.ask(
            "Reading the list of cases", lambda client, job: client.cases(job), done, key="cases", of_case=False
        )

    def _leave(self) -> None:
        self._prompts.suspend()
        self._loans.forget_session()
        self._trainings.reconnected()

    def _found(self, server: ServerInfo) -> None:
        state, current = self._context.state, self._context.current
        kept = state.task if any(task.name == state.task for task in server.tasks) else ""
        task = kept or _first(server.tasks)
        current.change(
            connection=Connection(READY, state.connection.url, server.version),
            tasks=server.tasks,
            task=task,
            options=state.options if kept else (),
            strategies=server.strategies,
        )
        self._heat.offer()
        self._cases.reconnected(state.connection.url)
        self.refresh_cases()
        self._loans.renew()
        self._prompts.resume()
        self._trainings.refresh_versions()

    def _not_found(self, error: Exception) -> None:
        connection = self._context.state.connection
        status = LOST if self._context.state.case is not None else NONE
        self._context.current.change(connection=Connection(status, connection.url, message=plain(error)))
        self._context.current.say(ERROR, plain(error))


def _first(tasks: tuple[TaskInfo, ...]) -> str:
    """What to begin with: a click that becomes a mask, where the server offers that; "" when it offers nothing."""
    names = [task.name for task in sorted(tasks, key=lambda task: task.kind != "shape")]
    return names[0] if names else ""

"""Who works on a case: the server is told, and the reader hears when it is somebody else."""

from __future__ import annotations

import time

from LesionLabLib.errors import Conflict

from .context import Context
from .state import WARNING

#: Servers keep a lease for half an hour by default.
_RENEW_SECONDS = 600.0


class Leases:
    """The lease of the open case."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._case = ""
        self._held = 0.0

    def hold(self, case: str) -> None:
        """Say that we work on a case, and tell the reader if somebody else does."""

        def failed(error: Exception) -> None:
            if isinstance(error, Conflict):
                self._case = ""
                text = f"Somebody else works on {case} at the moment. If both of you submit, both labels are kept."
                self._context.current.say(WARNING, text)

        self._case, self._held = case, time.monotonic()
        client_id = self._context.settings.client_id
        self._context.asking.ask(
            f"Holding {case}",
            lambda client, job: client.hold(case, client_id, job),
            lambda _: None,
            failed,
            key="hold",
            quiet=True,
        )

    def renew(self) -> None:
        """Hold it for longer, now and then."""
        if self._case and self._context.asking.ready and time.monotonic() - self._held > _RENEW_SECONDS:
            self.hold(self._case)

    def release(self) -> None:
        """We do not work on it any more."""
        if self._case:
            self.give_back(self._case)
        self._case = ""

    def give_back(self, case: str) -> None:
        """Others may work on a case; should this fail, the lease ends by itself."""
        client_id = self._context.settings.client_id
        self._context.asking.ask(
            f"Giving {case} back",
            lambda client, job: client.give_back(case, client_id, job),
            lambda _: None,
            lambda _: None,
            of_case=False,
            quiet=True,
        )

"""The weak labels of a case that is left without submitting: kept on the server, or here until it is back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .asking import plain
from .context import Context
from .marks_file import written_marks
from .state import WARNING

if TYPE_CHECKING:
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job


@dataclass(frozen=True)
class _WeakLabels:
    origin: str
    """The address of the server that the case is from."""
    marks: bytes
    presence: tuple[tuple[str, bool], ...]


class Keeping:
    """Sends marks and presence; what could not be sent is sent again after reconnecting."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._unsent: dict[str, _WeakLabels] = {}

    def keep(self, case: str, origin: str) -> None:
        """Send the weak labels of the open case."""
        presence = self._context.state.presence
        self._unsent[case] = _WeakLabels(origin, written_marks(self._context), presence)
        self._send(case)

    def send_unsent(self, origin: str) -> None:
        """A server answers: send what is meant for it."""
        for case, labels in tuple(self._unsent.items()):
            if labels.origin == origin:
                self._send(case)

    def send_first(self, case: str) -> None:
        """The case is opened again: what was not sent yet goes before."""
        if case in self._unsent:
            self._send(case)

    def _send(self, case: str) -> None:
        labels, reader = self._unsent[case], self._context.settings.author

        def work(client: Client, job: Job) -> None:
            client.save_marks(case, labels.marks, job)
            for label, present in labels.presence:
                client.save_presence(case, label, present, reader, job)

        def done(_: None) -> None:
            if self._unsent.get(case) is labels:
                del self._unsent[case]

        def failed(error: Exception) -> None:
            text = f"The marks of {case} could not be kept yet: {plain(error)}"
            self._context.current.say(
                WARNING, f"{text} They are sent again after reconnecting, or when it is opened again."
            )

        self._context.asking.ask(
            f"Keeping the marks of {case}", work, done, failed, key=f"keep {case}", of_case=False, quiet=True
        )

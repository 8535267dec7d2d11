"""The server, as a client on the worker thread sees it: every call waits for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .answers import Answer, Case, FetchedLabel, Json, Provenance, Saved, ServerInfo, Source, Training, Version
from .worker import Job


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, seconds."""

    connect_s: float = 5.0
    """For the server to take the call."""
    read_s: float = 30.0
    """For a short answer to arrive whole, and for the next bytes of a long one."""
    work_s: float = 600.0
    """For the first bytes of an answer that takes work, such as a mask."""


class Client:
    """Speaks LesionLab's HTTP. Every method raises `ExtensionError` in plain words, and nothing else.

    Args:
        url: as the user typed it: ``localhost:8000`` will do.
        token: the server's secret; empty for none.
        timeouts: how long to wait.

    Attributes:
        url: the address as it is used.

    Raises:
        BadAddress: ``url`` or ``token`` is nonsense.
    """

    def __init__(self, url: str, token: str = "", timeouts: Timeouts = Timeouts()) -> None:
        self.url = url

    def server(self) -> ServerInfo:
        """Shake hands: who is there, with what tasks."""

    def cases(self) -> tuple[Case, ...]:
        """The images of the studies, by name."""

    def next_case(self, strategy: str, client_id: str) -> str | None:
        """The case that a strategy chooses, leased to ``client_id``; None when none is left."""

    def give_back(self, case: str, client_id: str) -> None:
        """End the lease of a case."""

    def fetch_image(self, case: str, folder: Path, job: Job) -> Path:
        """The image of a case, in a file in ``folder``."""

    def fetch_label(self, case: str, tag: str, folder: Path, job: Job) -> FetchedLabel | None:
        """The label of a case, in a file in ``folder``; None when it has none of that tag."""

    def fetch_marks(self, case: str) -> bytes | None:
        """The weak labels of a case as Slicer markups (JSON); None when it has none."""

    def save_marks(self, case: str, marks: bytes) -> None:
        """Keep weak labels (Slicer markups, JSON) with a case."""

    def save_presence(self, case: str, label: str, present: bool, reader: str) -> None:
        """Say of a whole case that something is there, or is not."""

    def open_session(self, file: Path, job: Job) -> str:
        """Lend an image to the server; returns the session's id."""

    def infer(self, task: str, source: Source, request: Mapping[str, Json], job: Job) -> Answer:
        """Ask a task; masks come as crops."""

    def save_label(self, case: str, file: Path, parent: str | None, provenance: Provenance, job: Job) -> Saved:
        """Save a label that grew from revision ``parent`` (None: from nothing), and read it back.

        Raises:
            Conflict: somebody else saved in the meantime; both are kept.
            BadAnswer: what was read back is not what was sent.
        """

    def start_training(self, task: str, epochs: int | None = None) -> str:
        """Start a training; returns the job's id."""

    def training(self, id: str) -> Training:
        """How a training goes."""

    def cancel_training(self, id: str) -> None:
        """Stop a training."""

    def versions(self, task: str) -> tuple[Version, ...]:
        """The versions of a task's model, newest first."""

    def use_version(self, task: str, version: str) -> None:
        """Make a version the current one."""

"""Jobs in SQLite: what was asked, how it goes, how it ended. Written by the server and by the jobs' own processes."""

from __future__ import annotations

import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from lesionlab.errors import ConflictError, NotFoundError
from lesionlab.store.database import Database
from lesionlab.store.versions import Comparison, TrainRequest
from lesionlab.task import Frozen

State = Literal["queued", "running", "done", "failed", "cancelled"]
FINAL: frozenset[State] = frozenset(("done", "failed", "cancelled"))

_SCHEMA_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ({", ".join(repr(s) for s in get_args(State))})),
    standing TEXT NOT NULL DEFAULT '{{}}',
    version TEXT,
    comparison TEXT,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    process INTEGER,
    process_started REAL
) STRICT
"""


class Standing(Frozen):
    """How far a running job is.

    Attributes:
        epoch: the one that runs, from 1; 0 before the first.
        epochs: how many there are.
        step: batches done, of all epochs.
        steps: batches of all epochs.
        loss: of the last batch.
        score: on the validation patients after the last epoch, higher is better.
        remaining_s: seconds until training ends, as the pace so far has it.
        message: what it does now, or why it failed, for people.
    """

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    loss: float | None = None
    score: float | None = None
    remaining_s: float | None = None
    message: str = ""


class Job(Frozen):
    """One job.

    Attributes:
        id: its name in URLs.
        task: what it trains.
        kind: what it does; so far there is only training.
        request: what was asked.
        state: ``done``, ``failed`` and ``cancelled`` are final.
        standing: how far it is, or was when it ended.
        version: what it made, or None.
        comparison: of what it made with the version before.
        created: when it was asked, UTC.
        updated: when something last changed, UTC.
        attempts: how often its process was started; an end with the server does not count.
        cancelling: somebody asked it to stop.
        process: id of its process, and when that began (s since 1970): ids are used again.
    """

    id: str
    task: str
    kind: Literal["train"]
    request: TrainRequest
    state: State
    standing: Standing
    version: str | None
    comparison: Comparison | None
    created: datetime
    updated: datetime
    attempts: int
    cancelling: bool
    process: int | None
    process_started: float | None

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL


class Jobs:
    """The jobs of one studies folder, for any thread and process.

    Args:
        path: of the database; it is made when it is first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, _SCHEMA, _SCHEMA_VERSION)

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        self._database.close()

    def add(self, task: str, request: TrainRequest) -> Job:
        """Queue the training of a task."""
        job, now = uuid.uuid4().hex[:12], _now()
        with self._database.writing() as database:
            database.execute(
                "INSERT INTO jobs (id, task, kind, request, created, updated) VALUES (?, ?, 'train', ?, ?, ?)",
                (job, task, request.model_dump_json(), now, now),
            )
        return self.get(job)

    def get(self, job: str) -> Job:
        """One job.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = self._select("WHERE id = ?", job)
        if not found:
            raise NotFoundError("there is no such job", got=job, expected="an id that GET /jobs/ lists")
        return found[0]

    def all(self) -> tuple[Job, ...]:
        """All jobs, newest first."""
        return self._select("ORDER BY number DESC")

    def of(self, state: State) -> tuple[Job, ...]:
        """The jobs in a state, oldest first."""
        return self._select("WHERE state = ? ORDER BY number", state)

    def last(self) -> Job | None:
        """The newest job."""
        found = self._select("ORDER BY number DESC LIMIT 1")
        return found[0] if found else None

    def cancel(self, job: str) -> Job:
        """A queued job is cancelled at once; a running one is marked, for its runner to stop. Final ones stay.

        Raises:
            NotFoundError: there is none of that id.
        """
        self._update(job, "state = 'cancelled'", "state = 'queued'")
        self._update(job, "cancelling = 1", "state = 'running'")
        return self.get(job)

    def start(self, job: str, process: int, process_started: float) -> None:
        """A process has begun on a queued job.

        Raises:
            ConflictError: it is not queued any more.
        """
        changed = self._update(
            job,
            "state = 'running', attempts = attempts + 1, process = ?, process_started = ?",
            "state = 'queued'",
            process,
            process_started,
        )
        if not changed:
            raise ConflictError("the job is not queued", got=self.get(job).state)

    def queue_again(self, job: str, message: str, counted: bool) -> None:
        """A running job lost its process; ``counted`` tells whether the attempt counts."""
        self._end_attempt(job, "queued", message, "" if counted else ", attempts = attempts - 1")

    def fail(self, job: str, reason: str) -> None:
        """A queued or running job failed."""
        self._end_attempt(job, "failed", reason)

    def stopped(self, job: str) -> None:
        """A running job was stopped because somebody asked for it."""
        self._end_attempt(job, "cancelled", "cancelled")

    def report(self, job: str, standing: Standing) -> None:
        """How far a running job is; nothing happens to one that does not run."""
        self._update(job, "standing = ?", "state = 'running'", standing.model_dump_json())

    def finish(self, job: str, version: str, comparison: Comparison) -> None:
        """A running job made a version."""
        standing = self.get(job).standing.model_copy(update={"message": comparison.reason, "remaining_s": 0.0})
        self._update(
            job,
            "state = 'done', version = ?, comparison = ?, standing = ?, process = NULL",
            "state = 'running'",
            version,
            comparison.model_dump_json(),
            standing.model_dump_json(),
        )

    def _end_attempt(self, job: str, state: State, message: str, more: str = "") -> None:
        standing = self.get(job).standing.model_copy(update={"message": message, "remaining_s": None})
        change = f"state = '{state}', standing = ?, process = NULL, process_started = NULL{more}"
        self._update(job, change, "state IN ('queued', 'running')", standing.model_dump_json())

    def _update(self, job: str, change: str, where: str, *values: object) -> bool:
        # The texts are ours; what others gave is in the values.
        query = f"UPDATE jobs SET {change}, updated = ? WHERE id = ? AND {where}"  # noqa: S608
        with self._database.writing() as database:
            return database.execute(query, (*values, _now(), job)).rowcount > 0

    def _select(self, clause: str, *values: object) -> tuple[Job, ...]:
        with self._database.reading() as database:
            rows = database.execute(f"SELECT * FROM jobs {clause}", values).fetchall()  # noqa: S608
        return tuple(_job(row) for row in rows)


def _job(row: sqlite3.Row) -> Job:
    comparison = row["comparison"]
    return Job(
        id=row["id"],
        task=row["task"],
        kind=row["kind"],
        request=TrainRequest.model_validate_json(row["request"]),
        state=row["state"],
        standing=Standing.model_validate_json(row["standing"]),
        version=row["version"],
        comparison=None if comparison is None else Comparison.model_validate_json(comparison),
        created=row["created"],
        updated=row["updated"],
        attempts=row["attempts"],
        cancelling=bool(row["cancelling"]),
        process=row["process"],
        process_started=row["process_started"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()

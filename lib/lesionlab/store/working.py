"""Which revision the working file of a label (``labels/<tag>/<image>``) holds, as far as we wrote it ourselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from lesionlab.store.database import Database

_POLL_SECONDS = 0.005


@dataclass(frozen=True)
class WorkingFile:
    """What was last written to a label's working file.

    Attributes:
        revision: whose content it is.
        stamp: of the file after that (see ``stamp_of``); None when there is no file.
    """

    revision: str
    stamp: str | None


class WorkingFiles:
    """The working files of all labels. They follow the heads; one process at a time writes them.

    Args:
        database: the ledger's.
        lock: a file that the one holds who writes.
    """

    def __init__(self, database: Database, lock: Path) -> None:
        self._database = database
        self._lock = lock

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes working files within this block; a process that dies lets go."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock, poll_interval=_POLL_SECONDS):
            yield

    def get(self, image: str, tag: str) -> WorkingFile | None:
        """What was last written, or None."""
        with self._database.reading() as db:
            row = db.execute("SELECT * FROM working WHERE image = ? AND tag = ?", (image, tag)).fetchone()
        return None if row is None else WorkingFile(row["revision"], row["stamp"])

    def all(self) -> Mapping[tuple[str, str], WorkingFile]:
        """What was last written, by image and tag."""
        with self._database.reading() as db:
            rows = db.execute("SELECT * FROM working").fetchall()
        return {(row["image"], row["tag"]): WorkingFile(row["revision"], row["stamp"]) for row in rows}

    def note(self, image: str, tag: str, written: WorkingFile) -> None:
        """Remember what was written."""
        with self._database.writing() as db:
            values = (image, tag, written.revision, written.stamp)
            db.execute("INSERT OR REPLACE INTO working VALUES (?, ?, ?, ?)", values)


def stamp_of(file: Path | None) -> str | None:
    """What changes when anybody writes to a file: its time, length and inode; None when there is none."""
    if file is None:
        return None
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino}"

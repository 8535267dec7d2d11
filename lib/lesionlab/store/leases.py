"""Who works on which image, so that two people are not handed the same one. A lease ends by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lesionlab.store.clock import Clock, iso
from lesionlab.store.database import Database


@dataclass(frozen=True)
class Lease:
    """An image that is being worked on.

    Attributes:
        image: which.
        holder: the client's own name for itself.
        until_s: when it ends, seconds since 1970.
    """

    image: str
    holder: str
    until_s: float

    @property
    def until(self) -> str:
        """When it ends, in ISO 8601."""
        return iso(self.until_s)


class Leases:
    """The leases of a studies folder.

    Args:
        database: the ledger's.
        clock: gives the time.
        seconds: how long a lease lasts.
    """

    def __init__(self, database: Database, clock: Clock, seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds

    def take(self, image: str, holder: str, *, only: bool = False) -> Lease | None:
        """Take an image, or hold it for longer; None when somebody else has it.

        Args:
            image: which.
            holder: for whom.
            only: give back whatever else the holder has.
        """
        now = self._clock()
        with self._database.writing() as db:
            db.execute("DELETE FROM lease WHERE until <= ?", (now,))
            other = db.execute("SELECT 1 FROM lease WHERE image = ? AND holder <> ?", (image, holder)).fetchone()
            if other is not None:
                return None
            if only:
                db.execute("DELETE FROM lease WHERE holder = ?", (holder,))
            lease = Lease(image, holder, now + self._seconds)
            db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (image, holder, lease.until_s))
            return lease

    def give_back(self, image: str, holder: str) -> bool:
        """End a lease; False when the holder has none on that image."""
        with self._database.writing() as db:
            done = db.execute(
                "DELETE FROM lease WHERE image = ? AND holder = ? AND until > ?", (image, holder, self._clock())
            )
            return done.rowcount > 0

    def running(self) -> Mapping[str, Lease]:
        """The leases that have not ended, by image."""
        with self._database.reading() as db:
            rows = db.execute("SELECT image, holder, until FROM lease WHERE until > ?", (self._clock(),)).fetchall()
        return {row["image"]: Lease(row["image"], row["holder"], row["until"]) for row in rows}

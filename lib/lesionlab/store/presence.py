"""Whether an image shows something, as readers said it; every statement stays, the last one counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from lesionlab.store.clock import Clock, iso
from lesionlab.store.database import Database


class Presence:
    """The statements of readers about whole images."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def state(self, image: str, label: str, present: bool, reader: str | None) -> None:
        """Note that a reader sees, or does not see, ``label`` ("disease") in an image."""
        with self._database.writing() as db:
            db.execute(
                "INSERT INTO presence (image, label, present, reader, time) VALUES (?, ?, ?, ?, ?)",
                (image, label, present, reader, iso(self._clock())),
            )

    def all(self) -> Mapping[str, Mapping[str, bool]]:
        """What was last said, by image and label."""
        found: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        with self._database.reading() as db:
            for row in db.execute("SELECT image, label, present FROM presence ORDER BY number"):
                found[row["image"]][row["label"]] = bool(row["present"])
        return found

"""Every saved label of a studies folder: who, when, from which revision, with which content. Nothing is ever changed."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from lesionlab.errors import NotFoundError
from lesionlab.store.blobs import Blob, Blobs
from lesionlab.store.clock import Clock, iso
from lesionlab.store.database import Database
from lesionlab.store.leases import Leases
from lesionlab.store.ledger_schema import SCHEMA, VERSION
from lesionlab.store.presence import Presence
from lesionlab.store.revision import NOTHING, Draft, Outcome, Revision, from_row, outcome_of
from lesionlab.store.working import WorkingFiles

LEASE_SECONDS = 1800.0

_HEAD = "SELECT * FROM revision WHERE image = ? AND tag = ? AND outcome = 'head' ORDER BY number DESC LIMIT 1"
_HEADS = """SELECT * FROM revision WHERE number IN (
    SELECT max(number) FROM revision WHERE outcome = 'head' AND (?1 IS NULL OR tag = ?1) GROUP BY image, tag)"""
# A client that did not hear the answer sends the same save again.
_SAME = """SELECT * FROM revision WHERE image = ? AND tag = ? AND source = ? AND parent IS ? AND checksum IS ?
    AND author IS ? AND client_id IS ? AND restores IS ? ORDER BY number DESC LIMIT 1"""
_LAST_OF_BRANCH = """SELECT id FROM revision WHERE image = ? AND tag = ? AND source = ? AND client_id IS ?
    ORDER BY number DESC LIMIT 1"""
_INSERT = """INSERT INTO revision (id, image, tag, parent, restores, source, outcome, author, client_id, time,
    model_version, prompts, info, checksum, suffix, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Ledger:
    """The ledger of a studies folder, for all threads of this process and for other processes.

    Args:
        folder: where ``ledger.sqlite`` and ``blobs/`` are, or will be.
        clock: gives the time, seconds since 1970.
        lease_seconds: how long a lease lasts.
    """

    def __init__(self, folder: Path, clock: Clock = time.time, lease_seconds: float = LEASE_SECONDS) -> None:
        self._database = Database(folder / "ledger.sqlite", SCHEMA, VERSION)
        self._clock = clock
        self.blobs = Blobs(folder / "blobs")
        self.leases = Leases(self._database, clock, lease_seconds)
        self.presence = Presence(self._database, clock)
        self.working = WorkingFiles(self._database, folder / "working.lock")

    def close(self) -> None:
        """Close the database; it is opened again when it is next used."""
        self._database.close()

    def save(self, draft: Draft, file: Path, suffix: str) -> Revision:
        """Record a label. When this returns it is on the disk, whatever became of it: see ``Revision.outcome``.

        A save that states a parent and comes a second time gets the revision of the first.
        """
        blob = self.blobs.add(file, suffix)
        with self._database.writing() as db:
            return self._recorded(db, draft, blob)

    def restore(self, draft: Draft, revision: Revision) -> Revision:
        """Record the content of an earlier revision again.

        Raises:
            NotFoundError: that revision removed the label.
        """
        if revision.blob is None:
            raise NotFoundError("that revision removed the label", got=revision.id, expected="one with content")
        with self._database.writing() as db:
            return self._recorded(db, draft, revision.blob)

    def remove(self, draft: Draft) -> Revision | None:
        """Record that a label is removed; its revisions stay. None when there is no label."""
        with self._database.writing() as db:
            head = _head(db, draft.image, draft.tag)
            if head is None or head.blob is None:
                return None
            return self._inserted(db, draft, head.id, Outcome.HEAD, None)

    def head(self, image: str, tag: str) -> Revision | None:
        """The newest revision of a label, also when it removes it; None when there never was one."""
        with self._database.reading() as db:
            return _head(db, image, tag)

    def heads(self, tag: str | None = None) -> Mapping[tuple[str, str], Revision]:
        """The newest revisions, by image and tag; of one tag, or of all."""
        with self._database.reading() as db:
            found = [from_row(row) for row in db.execute(_HEADS, (tag,))]
        return {(revision.draft.image, revision.draft.tag): revision for revision in found}

    def history(self, image: str, tag: str) -> tuple[Revision, ...]:
        """All revisions of a label, oldest first."""
        with self._database.reading() as db:
            rows = db.execute("SELECT * FROM revision WHERE image = ? AND tag = ? ORDER BY number", (image, tag))
            return tuple(from_row(row) for row in rows)

    def all(self) -> tuple[Revision, ...]:
        """All revisions of all labels, oldest first."""
        with self._database.reading() as db:
            return tuple(from_row(row) for row in db.execute("SELECT * FROM revision ORDER BY number"))

    def revision(self, image: str, revision: str) -> Revision:
        """One revision of an image.

        Raises:
            NotFoundError: the image has none of that id.
        """
        with self._database.reading() as db:
            row = db.execute("SELECT * FROM revision WHERE id = ? AND image = ?", (revision, image)).fetchone()
        if row is None:
            raise NotFoundError(
                f"image {image!r} has no such revision", got=revision, expected="an id that GET /ledger/IMAGE lists"
            )
        return from_row(row)

    def content(self, revision: Revision) -> Path:
        """The file of a revision, never to be written to.

        Raises:
            NotFoundError: that revision removed the label.
        """
        if revision.blob is None:
            raise NotFoundError("that revision removed the label", got=revision.id, expected="one with content")
        return self.blobs.path(revision.blob.checksum, revision.blob.suffix)

    def _recorded(self, db: sqlite3.Connection, draft: Draft, blob: Blob) -> Revision:
        head = _head(db, draft.image, draft.tag)
        outcome = outcome_of(draft, head)
        parent = _parent(db, draft, head)
        if draft.parent is not None:
            same = db.execute(
                _SAME,
                (
                    draft.image,
                    draft.tag,
                    draft.source,
                    parent,
                    blob.checksum,
                    draft.author,
                    draft.client_id,
                    draft.restores,
                ),
            ).fetchone()
            if outcome is not Outcome.HEAD and same is not None:
                return from_row(same)
        return self._inserted(db, draft, parent, outcome, blob)

    def _inserted(
        self, db: sqlite3.Connection, draft: Draft, parent: str | None, outcome: Outcome, blob: Blob | None
    ) -> Revision:
        number = secrets.token_hex(8)
        content = (None, None, None) if blob is None else (blob.checksum, blob.suffix, blob.size_bytes)
        texts = (draft.model_version, json.dumps(list(draft.prompts)), json.dumps(dict(draft.info)))
        who = (draft.source, outcome, draft.author, draft.client_id, iso(self._clock()))
        db.execute(_INSERT, (number, draft.image, draft.tag, parent, draft.restores, *who, *texts, *content))
        return from_row(db.execute("SELECT * FROM revision WHERE id = ?", (number,)).fetchone())


def _head(db: sqlite3.Connection, image: str, tag: str) -> Revision | None:
    row = db.execute(_HEAD, (image, tag)).fetchone()
    return None if row is None else from_row(row)


def _parent(db: sqlite3.Connection, draft: Draft, head: Revision | None) -> str | None:
    """The parent as it is recorded: the one that is stated and known, else the branch's own last revision."""
    if draft.parent is None:
        row = db.execute(_LAST_OF_BRANCH, (draft.image, draft.tag, draft.source, draft.client_id)).fetchone()
        return None if row is None else str(row["id"])
    if draft.parent == NOTHING:
        return head.id if head is not None and head.blob is None else None
    known = "SELECT 1 FROM revision WHERE id = ? AND image = ? AND tag = ?"
    row = db.execute(known, (draft.parent, draft.image, draft.tag)).fetchone()
    return None if row is None else draft.parent

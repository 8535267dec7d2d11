"""What the ledger holds about a label, and how a save becomes the head or stays beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from lesionlab.store.blobs import Blob

#: A save that starts from nothing states this as its parent.
NOTHING = ""


class Source(StrEnum):
    """Where a revision comes from."""

    CLIENT = "client"  # states which revision it started from
    STOCK = "stock"  # a MONAI Label client, which cannot state it
    FILE = "file"  # put into the labels folder by hand, or by an earlier version
    MODEL = "model"  # written by the server itself


class Outcome(StrEnum):
    """What became of a save."""

    HEAD = "head"  # it was the label's newest revision when it came
    BRANCH = "branch"  # it stated no parent and stays beside a better founded head
    CONFLICT = "conflict"  # the revision it started from was not the head any more


@dataclass(frozen=True)
class Draft:
    """A label that is about to be saved.

    Attributes:
        image: of which image.
        tag: under which tag.
        source: where it comes from.
        parent: the revision it started from, ``NOTHING``, or None when it is not stated.
        author: the person, or None.
        client_id: the program's own name for itself, or None.
        model_version: of the model whose mask it started from, or None.
        prompts: what the person asked the model, as JSON.
        info: what else the client says, as JSON.
        restores: the revision whose content this is again, or None.
    """

    image: str
    tag: str
    source: Source
    parent: str | None = None
    author: str | None = None
    client_id: str | None = None
    model_version: str | None = None
    prompts: tuple[Any, ...] = ()
    info: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    restores: str | None = None


@dataclass(frozen=True)
class Revision:
    """One saved state of a label; it never changes.

    Attributes:
        id: its name.
        draft: what was saved, with the parent as it was recorded: None when there is none.
        outcome: what became of it when it came.
        time: when it came, ISO 8601 in UTC.
        blob: its content; None when this revision removes the label.
    """

    id: str
    draft: Draft
    outcome: Outcome
    time: str
    blob: Blob | None

    @property
    def founding(self) -> int:
        """How well founded it is: 2 states what it started from, 1 is a person's, 0 a model's or a removal."""
        draft = self.draft
        if self.blob is None:
            return 0
        return 2 if draft.source is Source.FILE and draft.parent is not None else founding(draft.source)


def founding(source: Source) -> int:
    """How well founded a save without a parent is."""
    return {Source.CLIENT: 2, Source.STOCK: 1, Source.FILE: 1, Source.MODEL: 0}[source]


def outcome_of(draft: Draft, head: Revision | None) -> Outcome:
    """What becomes of a save when ``head`` is the label's newest revision.

    One that states its parent is the new head when that is the head, else a conflict. One that states none is the new
    head unless the head is better founded; then it is a branch.
    """
    if draft.parent is not None:
        started_from = {head.id} if head else {NOTHING}
        if head is not None and head.blob is None:
            started_from.add(NOTHING)
        return Outcome.HEAD if draft.parent in started_from else Outcome.CONFLICT
    if head is None or founding(draft.source) >= head.founding:
        return Outcome.HEAD
    return Outcome.BRANCH


def from_row(row: sqlite3.Row) -> Revision:
    """A revision as its row in the table has it."""
    draft = Draft(
        image=row["image"],
        tag=row["tag"],
        source=Source(row["source"]),
        parent=row["parent"],
        author=row["author"],
        client_id=row["client_id"],
        model_version=row["model_version"],
        prompts=tuple(json.loads(row["prompts"])),
        info=MappingProxyType(json.loads(row["info"])),
        restores=row["restores"],
    )
    blob = None if row["checksum"] is None else Blob(row["checksum"], row["suffix"], row["size_bytes"])
    return Revision(row["id"], draft, Outcome(row["outcome"]), row["time"], blob)

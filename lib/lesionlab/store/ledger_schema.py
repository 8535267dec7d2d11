"""The tables of the ledger. What is append-only is kept so by the database itself."""

from __future__ import annotations

VERSION = 1

_TABLES = """
CREATE TABLE revision (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    image TEXT NOT NULL,
    tag TEXT NOT NULL,
    parent TEXT REFERENCES revision (id),
    restores TEXT REFERENCES revision (id),
    source TEXT NOT NULL CHECK (source IN ('client', 'stock', 'file', 'model')),
    outcome TEXT NOT NULL CHECK (outcome IN ('head', 'branch', 'conflict')),
    author TEXT,
    client_id TEXT,
    time TEXT NOT NULL,
    model_version TEXT,
    prompts TEXT NOT NULL,
    info TEXT NOT NULL,
    checksum TEXT,
    suffix TEXT,
    size_bytes INTEGER,
    CHECK ((checksum IS NULL) = (suffix IS NULL) AND (checksum IS NULL) = (size_bytes IS NULL))
);;
CREATE INDEX revision_of ON revision (image, tag, outcome, number);;
CREATE TRIGGER revision_descends BEFORE INSERT ON revision
WHEN NEW.parent IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM revision WHERE id = NEW.parent AND image = NEW.image AND tag = NEW.tag)
BEGIN SELECT RAISE(ABORT, 'a parent is an earlier revision of the same label'); END;;
CREATE TABLE presence (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    image TEXT NOT NULL,
    label TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    reader TEXT,
    time TEXT NOT NULL
);;
CREATE INDEX presence_of ON presence (image, label, number);;
CREATE TABLE lease (
    image TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until REAL NOT NULL
);;
CREATE TABLE working (
    image TEXT NOT NULL,
    tag TEXT NOT NULL,
    revision TEXT NOT NULL REFERENCES revision (id),
    stamp TEXT,
    PRIMARY KEY (image, tag)
)
"""

# A row that replaces another would slip past the guard of deletion: its key must be new.
_GUARD = """
CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;;
CREATE TRIGGER {table}_is_final BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;;
CREATE TRIGGER {table}_is_new BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
"""

SCHEMA = ";;".join(
    (
        _TABLES,
        _GUARD.format(table="revision", key="number = NEW.number OR id = NEW.id"),
        _GUARD.format(table="presence", key="number = NEW.number"),
    )
)

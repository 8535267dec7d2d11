"""How a datastore's patients are divided into train, validation and test: once, when first seen, and never again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from filelock import FileLock
from pydantic import Field, ValidationError

from lesionlab.errors import InputError
from lesionlab.store.cases import Case
from lesionlab.store.files import write_atomically
from lesionlab.task import Frozen

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
SPLIT = "split.json"


class Shares(Frozen):
    """What part of the patients goes where; the rest trains."""

    validation: float = Field(default=0.2, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)

    def of(self, part: Part) -> float:
        """The share of one part."""
        return {"validation": self.validation, "test": self.test}.get(part, 1 - self.validation - self.test)


class _Stored(Frozen):
    seed: int
    shares: Shares
    patients: dict[str, Part]


@dataclass(frozen=True)
class Split:
    """Which part each patient belongs to."""

    parts: Mapping[str, Part]

    def of(self, cases: Sequence[Case], part: Part) -> tuple[Case, ...]:
        """The cases of one part, in their order."""
        return tuple(case for case in cases if self.parts.get(case.patient) == part)


def split_patients(folder: Path, patients: Iterable[str], shares: Shares | None = None, seed: int = 0) -> Split:
    """The stored division of a datastore; patients not seen before are added to it and stored.

    ``shares`` and ``seed`` count when ``split.json`` is first written; later calls keep those that it holds.

    Raises:
        InputError: when ``split.json`` cannot be read, or nothing is left to train on.
    """
    shares = shares or Shares()
    if shares.of("train") <= 0:
        raise InputError("nothing is left to train on", got=shares.model_dump(), expected="shares that sum to below 1")
    path = folder / SPLIT
    with FileLock(folder / f".{SPLIT}.lock"):
        old = read_stored(path) if path.exists() else _Stored(seed=seed, shares=shares, patients={})
        new = sorted(set(patients) - set(old.patients), key=lambda patient: _order(old.seed, patient))
        if not new and path.exists():
            return Split(MappingProxyType(dict(old.patients)))
        stored = old.model_copy(update={"patients": _add(old, new)})
        write_atomically(path, json.dumps(stored.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return Split(MappingProxyType(dict(stored.patients)))


def read_stored(path: Path) -> _Stored:
    """Read ``split.json``.

    Raises:
        InputError: names the file, the key and what was got.
    """
    try:
        return _Stored.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read", got=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InputError(
            f"{path}: {key}: {first['msg']}",
            got=repr(first["input"])[:80],
            hint="restore it from a backup: dividing anew would mix patients that models were trained and tested on",
        ) from error


def _order(seed: int, patient: str) -> bytes:
    """A patient's place among newcomers, from the seed and the name alone."""
    return hashlib.sha256(f"{seed}:{patient}".encode()).digest()


def _add(old: _Stored, new: Sequence[str]) -> dict[str, Part]:
    """Each newcomer goes where most are missing, so that every part gets its share; nobody moves."""
    patients = dict(old.patients)
    total = len(patients) + len(new)
    missing = {part: old.shares.of(part) * total - sum(p == part for p in patients.values()) for part in PARTS}
    for patient in new:
        part = max(PARTS, key=lambda name: missing[name])
        patients[patient] = part
        missing[part] -= 1
    return patients

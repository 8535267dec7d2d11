"""Which training patients each member of an ensemble is trained without: dealt once, stored, and never dealt anew."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from lesionlab.errors import InputError
from lesionlab.store.files import write_atomically
from lesionlab.task import Frozen

FOLDS = "folds.json"


class _Stored(Frozen):
    seed: int
    divisions: dict[int, dict[str, int]]


def fold_patients(folder: Path, classes: Mapping[str, int], count: int, seed: int = 0) -> Mapping[str, int]:
    """The fold of each patient, from 0; patients not seen before are added to the stored division.

    Args:
        folder: the datastore; ``folds.json`` in it holds a division for each ``count``.
        classes: patient -> the class that is dealt evenly.
        count: folds.
        seed: of the order in which newcomers are dealt, when the file is first written.

    Raises:
        InputError: the file cannot be read.
    """
    path = folder / FOLDS
    with FileLock(folder / f".{FOLDS}.lock"):
        old = _read(path) if path.exists() else _Stored(seed=seed, divisions={})
        known = old.divisions.get(count, {})
        dealt = deal(known, classes, count, old.seed)
        if len(dealt) > len(known):
            stored = old.model_copy(update={"divisions": {**old.divisions, count: dealt}})
            text = json.dumps(stored.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
            write_atomically(path, text + "\n")
    return {patient: dealt[patient] for patient in classes}


def deal(known: Mapping[str, int], classes: Mapping[str, int], count: int, seed: int) -> dict[str, int]:
    """Each newcomer goes to the fold with the fewest patients of its class, then with the fewest of all; nobody moves."""
    dealt = dict(known)
    of_class = Counter((classes[patient], fold) for patient, fold in known.items() if patient in classes)
    of_all = Counter(known.values())
    for patient in sorted(
        set(classes) - set(known), key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest()
    ):
        fold = min(range(count), key=lambda n: (of_class[classes[patient], n], of_all[n], n))
        dealt[patient] = fold
        of_class[classes[patient], fold] += 1
        of_all[fold] += 1
    return dealt


def _read(path: Path) -> _Stored:
    try:
        return _Stored.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise InputError(
            f"{path}: cannot be read", got=str(error).split("\n")[0], hint="restore it, or train anew with --fresh"
        ) from error

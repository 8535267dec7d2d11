"""What the studies on phantoms share: settings, cohorts that outlast an interruption, and cases in another folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml
from pydantic import ValidationError

from lesionlab.errors import ConflictError, InputError
from lesionlab.store.cases import TABLE, Case
from lesionlab.store.files import write_atomically
from lesionlab.task import Frozen, Task

SETTINGS, POOL, TEST, RUNS = "settings.json", "pool", "test", "runs"

Settings = TypeVar("Settings", bound=Frozen)
SomeTask = TypeVar("SomeTask", bound=Task)
Write = Callable[[Path, np.random.Generator], None]


def read_settings(settings: type[Settings], path: Path) -> Settings:
    """Settings from a YAML file.

    Raises:
        InputError: names the key, what was got and what was expected.
    """
    try:
        return settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read", got=" ".join(str(error).split())) from error
    except ValidationError as error:
        raise _wrong(str(path), error) from error


def changed_task(task: type[SomeTask], content: Mapping[str, Any]) -> SomeTask:
    """A task of the study's own.

    Args:
        task: its type.
        content: all its settings, the study's own among them.

    Raises:
        InputError: the task has no such setting.
    """
    try:
        return task.model_validate(content)
    except ValidationError as error:
        raise _wrong("task settings of the study", error) from error


def prepare(settings: Frozen, out: Path, seed: int, cohorts: Mapping[str, Write]) -> None:
    """Write the settings and the cohorts; what an earlier call has written stays.

    Args:
        settings: of the study.
        out: the study's own folder.
        seed: of the cohorts.
        cohorts: folder within ``out`` -> what writes a cohort there.

    Raises:
        ConflictError: the folder holds a study with other settings.
    """
    text = settings.model_dump_json(indent=1) + "\n"
    path = out / SETTINGS
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise ConflictError("the folder holds a study with other settings", got=str(out), expected="a new folder")
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)
    for number, (name, write) in enumerate(cohorts.items()):
        if not (out / name / TABLE).is_file():
            write(out / name, np.random.default_rng([seed, number]))


def by_image(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The rows of each image, by its file's name."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.image.name, []).append(case)
    return found


def link(source: Path, target: Path) -> Path:
    """The file in another folder, not copied where the disk can share it."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    return target


def _wrong(what: str, error: ValidationError) -> InputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    return InputError(f"{what}: {where}: {first['msg']}", got=repr(first["input"])[:80])

"""The kinds of task. Each sub-package here that offers ``KIND`` is a kind; adding one edits nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from lesionlab.errors import NotFoundError
from lesionlab.task import Task, nearest, read_tasks, shipped_configs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lesionlab.kinds.kind import Kind


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind, by name."""
    kinds: dict[str, Kind] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.ispkg:  # what the kinds share, which is heavy
            continue
        kind = getattr(importlib.import_module(f"{__name__}.{info.name}"), "KIND", None)
        if kind is not None:
            kinds[kind.name] = kind
    return MappingProxyType(kinds)


def kind_of(task: Task) -> Kind:
    """The kind of a task."""
    return all_kinds()[task.kind]


def all_tasks(folders: tuple[Path, ...] = ()) -> dict[str, Task]:
    """The shipped tasks and those of the lab's own folders, by name."""
    return read_tasks([shipped_configs(), *folders], {name: kind.task_type for name, kind in all_kinds().items()})


def find_task(name: str, folders: tuple[Path, ...] = ()) -> Task:
    """The task of that name.

    Raises:
        NotFoundError: with the nearest valid name.
    """
    tasks = all_tasks(folders)
    if name not in tasks:
        raise NotFoundError(
            "there is no such task", got=name, expected=f"one of {', '.join(tasks)}", hint=nearest(name, tasks)
        )
    return tasks[name]

"""What a task is: one YAML file, read into a frozen model. Imports no torch, so listing tasks is instant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionlab.errors import ConfigError, NotFoundError


class Frozen(BaseModel):
    """Base of every model at a border: frozen, unknown keys refused, no silent coercion of non-finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


class Task(Frozen):
    """What every kind of task has; each kind adds its own settings.

    Attributes:
        name: identifier in URLs, files and the command line; the YAML file's stem.
        kind: which kind gives it everything else.
        title: a few words for people.
        description: one or two sentences for people.
        modalities: what images it was made for, for people.
        weights: stem of the shipped checkpoint in ``lesionlab/weights``, or None when there is none.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")
    kind: str
    title: str
    description: str
    modalities: tuple[str, ...] = ()
    weights: str | None = None


def shipped_configs() -> Path:
    """The folder of shipped tasks: inside the installed package, or at the root of a source checkout."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "configs"


def read_task(path: Path, task_types: Mapping[str, type[Task]]) -> Task:
    """Read one task.

    Args:
        path: a YAML file whose stem is the task's name.
        task_types: for each kind, the model of its tasks.

    Raises:
        ConfigError: names the file, the key, what was got and expected, and the nearest valid name.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML", got=" ".join(str(error).split())) from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: not a mapping", got=type(content).__name__, expected="keys such as 'kind' and 'title'"
        )
    content = {"name": path.stem, **content}
    if content["name"] != path.stem:
        raise ConfigError(f"{path}: key 'name' differs from the file's name", got=content["name"], expected=path.stem)
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in task_types:
        raise ConfigError(
            f"{path}: key 'kind' names no kind",
            got=repr(kind),
            expected=f"one of {', '.join(sorted(task_types))}",
            hint=nearest(str(kind), task_types),
        )
    try:
        return task_types[kind].model_validate(content)
    except ValidationError as error:
        raise _explain(path, task_types[kind], error) from error


def read_tasks(folders: list[Path], task_types: Mapping[str, type[Task]]) -> dict[str, Task]:
    """Read every ``*.yaml`` of the folders, by name. A task of a later folder replaces one of an earlier folder."""
    tasks: dict[str, Task] = {}
    for path in _yaml_files(folders):
        task = read_task(path, task_types)
        tasks[task.name] = task
    return dict(sorted(tasks.items()))


def nearest(name: str, valid: Mapping[str, Any] | list[str]) -> str | None:
    """The words "did you mean 'x'?" for the valid name closest to ``name``, or None when none is close."""
    close = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else None


def _yaml_files(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise NotFoundError(
                "the folder of tasks does not exist", got=str(folder), expected="a folder of YAML files"
            )
        yield from sorted(folder.glob("*.yaml"))


def _explain(path: Path, model: type[Task], error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        valid = _keys_at(model, [str(part) for part in first["loc"][:-1]])
        return ConfigError(
            f"{path}: unknown key {key!r}",
            expected=f"one of {', '.join(valid)}",
            hint=nearest(str(first["loc"][-1]), valid),
        )
    if first["type"] == "missing":
        return ConfigError(f"{path}: key {key!r} is missing", expected="a value for it")
    return ConfigError(f"{path}: key {key!r}: {first['msg']}", got=repr(first["input"]))


def _keys_at(model: type[BaseModel], location: list[str]) -> list[str]:
    for part in location:
        field = model.model_fields.get(part)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        model = field.annotation
    return sorted(model.model_fields)

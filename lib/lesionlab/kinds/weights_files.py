"""Where a task's weights lie, what a version is called, and which weights a training goes on from; the same for every kind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lesionlab.errors import NotFoundError
from lesionlab.store.versions import WEIGHTS
from lesionlab.task import Task

if TYPE_CHECKING:
    from lesionlab.kinds.kind import TrainOptions

SomeTask = TypeVar("SomeTask", bound=Task)
Weights = TypeVar("Weights")


def weights_path(task: Task, model_dir: Path | None = None) -> Path:
    """The file in a folder that ``train`` wrote, or the shipped one; it need not exist."""
    if model_dir is not None:
        return model_dir / WEIGHTS
    return Path(__file__).parents[1] / "weights" / f"{task.weights or task.name}.safetensors"


def version_of(task: Task, path: Path) -> str:
    """What a file is called (a folder's name for its ``model.safetensors``) and the first digits of its SHA-256."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    name = f"{task.name}-{path.parent.name}" if path.name == WEIGHTS else path.stem
    return f"{name}-{digest}"


def starting_weights(
    task: SomeTask,
    options: TrainOptions,
    read: Callable[[SomeTask, Path], Weights],
    without: Callable[[SomeTask], Weights | None] = lambda _: None,
) -> Weights | None:
    """The weights that a training goes on from; None for random ones.

    Args:
        task: what is trained.
        options: say so, or name a model.
        read: reads a file.
        without: what to start from when nothing is named and nothing is shipped, or neither is wanted.
    """
    if options.fresh:
        return without(task)
    if options.start is not None:
        return read(task, weights_path(task, options.start))
    try:
        return read(task, weights_path(task))
    except NotFoundError:
        return without(task)

"""A ``classify`` task's weights file: the members of its ensemble, in 8 bits, and how to read their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from lesionlab.errors import InputError, NotFoundError
from lesionlab.kinds.classify.network import build_member
from lesionlab.kinds.classify.reading import Reading
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.weights_files import version_of
from lesionlab.networks.classifier import Classifier
from lesionlab.networks.quantised import quantise, restore
from lesionlab.networks.weights import load_network, read_tensors, save_tensors

#: Only training draws outlines; files do not hold that part.
_OUTLINE = "outline."


@dataclass(frozen=True, eq=False)
class ClassifyWeights:
    """What a file holds.

    Attributes:
        members: the networks, whose logits are averaged.
        reading: how to read them.
        version: what the file is called, and the first digits of its SHA-256.
    """

    members: tuple[Classifier, ...]
    reading: Reading
    version: str


def read_weights(task: ClassifyTask, path: Path) -> ClassifyWeights:
    """Read a file.

    Raises:
        NotFoundError: there is none.
        InputError: it does not fit the task.
    """
    if not path.is_file():
        raise NotFoundError(
            f"task {task.name} has no weights yet",
            got=str(path),
            expected="a .safetensors file",
            hint=f"train it: lesionlab train {task.name} --data DIR --out DIR, then give --model DIR",
        )
    stored, metadata = read_tensors(path)
    tensors = restore(stored)
    plain = task.model_copy(update={"training": task.training.model_copy(update={"outline": 0.0})})
    members = []
    for number in sorted({int(key.split(".")[0]) for key in tensors if key.split(".")[0].isdigit()}):
        member = build_member(plain)
        load_network(member, tensors, f"{number}.")
        members.append(member)
    if metadata.get("classes") != ", ".join(task.classes) or not members:
        raise InputError(
            "the weights are of other classes", got=metadata.get("classes"), expected=", ".join(task.classes)
        )
    try:
        reading = Reading.model_validate_json(metadata.get("reading", "{}"))
    except ValidationError as error:
        raise InputError("the weights' calibration cannot be read", got=str(path)) from error
    return ClassifyWeights(tuple(members), reading, version_of(task, path))


def write_weights(
    path: Path, task: ClassifyTask, members: Sequence[nn.Module], reading: Reading, facts: dict[str, str]
) -> None:
    """Write the members in 8 bits, with ``facts`` for people in the metadata."""
    tensors = {
        f"{number}.{key}": value
        for number, member in enumerate(members)
        for key, value in member.state_dict().items()
        if not key.startswith(_OUTLINE)
    }
    metadata = {**facts, "classes": ", ".join(task.classes), "reading": reading.model_dump_json()}
    save_tensors(path, quantise(tensors), metadata)

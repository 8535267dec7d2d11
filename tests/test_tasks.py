"""A task is one YAML file; whatever is wrong in it is told with file, key and the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from lesionlab.errors import ConfigError, NotFoundError
from lesionlab.kinds import all_tasks, find_task, kind_of
from lesionlab.kinds.shape.task import ShapeTask

GOOD = "kind: shape\ntitle: Ours\ndescription: Our own.\n"

WRONG = {
    "an unknown key": (GOOD + "titel: Mine\n", ["unknown key 'titel'", "did you mean 'title'?"]),
    "an unknown key further in": (GOOD + "patch: {sid: 2}\n", ["unknown key 'patch.sid'", "did you mean 'side'?"]),
    "a missing key": ("kind: shape\ntitle: Ours\n", ["key 'description' is missing"]),
    "an ill-typed value": (GOOD + "patch: {voxels: many}\n", ["key 'patch.voxels'", "got 'many'"]),
    "a value out of range": (GOOD + "patch: {side: -1}\n", ["key 'patch.side'", "greater than 0"]),
    "a number that is not finite": (GOOD + "patch: {side: .inf}\n", ["key 'patch.side'", "finite"]),
    "an unknown kind": (GOOD.replace("shape", "shpe"), ["key 'kind'", "got 'shpe'", "did you mean 'shape'?"]),
    "a kind that is a list": (GOOD.replace("shape", "[shape]"), ["key 'kind'"]),
    "no kind": ("title: Ours\ndescription: Our own.\n", ["key 'kind'"]),
    "another name than the file's": (GOOD + "name: theirs\n", ["key 'name' differs", "expected ours"]),
    "a list": ("- shape\n", ["not a mapping", "got list"]),
    "nothing": ("", ["not a mapping"]),
    "what is not YAML": ("kind: [shape\n", ["cannot be read as YAML"]),
    "a Python object": (GOOD + "weights: !!python/object/apply:os.getcwd []\n", ["cannot be read as YAML"]),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_its_name_and_what_is_wrong(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as caught:
        all_tasks((tmp_path,))

    assert [word for word in [str(path), *words] if word not in caught.value.message] == []
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("stem", ["Ours", "1st", "our task", "x"])
def test_a_file_name_that_cannot_be_a_task_name_is_refused(tmp_path: Path, stem: str) -> None:
    (tmp_path / f"{stem}.yaml").write_text(GOOD)

    with pytest.raises(ConfigError, match="key 'name'"):
        all_tasks((tmp_path,))


def test_one_more_file_is_one_more_task_and_nothing_else_is_needed(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(GOOD + "patch: {voxels: 32}\n")

    task = find_task("ours", (tmp_path,))

    assert isinstance(task, ShapeTask)
    assert (task.title, task.patch.voxels, task.patch.side) == ("Ours", 32, 2.5)
    assert kind_of(task).name == "shape"


def test_a_labs_task_replaces_a_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "lesion_shape.yaml").write_text(GOOD)

    assert find_task("lesion_shape", (tmp_path,)).title == "Ours"
    assert find_task("lesion_shape").title != "Ours"


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="folder of tasks does not exist"):
        all_tasks((tmp_path / "nowhere",))


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'lesion_shape'"):
        find_task("lesion_shapes")


def test_a_task_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        find_task("lesion_shape").title = "Other"

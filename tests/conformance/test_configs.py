"""What holds for every task that is shipped, whichever its kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lesionlab.kinds import all_kinds, all_tasks, kind_of
from lesionlab.kinds.kind import Kind, Request
from lesionlab.task import Task, shipped_configs

FILES = sorted(shipped_configs().glob("*"))
TASKS = list(all_tasks().values())
MEGABYTE = 1_000_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_in_configs_is_a_task(path: Path) -> None:
    assert path.suffix == ".yaml"
    assert path.stem in {task.name for task in TASKS}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_reads_back_the_same_from_what_it_writes(task: Task, tmp_path: Path) -> None:
    (tmp_path / f"{task.name}.yaml").write_text(yaml.safe_dump(task.model_dump(mode="json")))

    assert all_tasks((tmp_path,))[task.name] == task


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_says_what_it_is_for_people(task: Task) -> None:
    assert 8 <= len(task.title) <= 80
    assert task.description.endswith(".")
    assert task.modalities


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_ships_weights_within_16_mb_with_a_model_card(task: Task) -> None:
    if task.weights is None:
        pytest.skip(f"{task.name} ships no weights")
    import lesionlab

    folder = Path(lesionlab.__file__).parent / "weights"
    assert 0 < (folder / f"{task.weights}.safetensors").stat().st_size <= 16 * MEGABYTE
    assert "lesionlab" in (folder / f"{task.weights}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_masks_values_have_names(task: Task) -> None:
    labels = kind_of(task).labels(task)

    assert sorted(labels.values()) == list(range(1, len(labels) + 1))


@pytest.mark.parametrize("kind", all_kinds().values(), ids=lambda kind: kind.name)
def test_a_kind_is_used_by_a_task_and_its_requests_refuse_unknown_fields(kind: Kind) -> None:
    assert kind.name in {task.kind for task in TASKS}
    assert issubclass(kind.request_type, Request)
    assert kind.request_type.model_config["extra"] == "forbid"
    assert kind.request_type.model_config["frozen"] is True

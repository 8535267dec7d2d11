"""The commands and examples of docs/detect.md do what it says."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml

from lesionlab.cli import main
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.kind import DetectKind
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import DetectWeights
from lesionlab.kinds.kind import Model
from lesionlab.store.cases import Case, write_cases
from lesionlab.task import Task
from tests.detect.bright import Bright, balls, detect_task

DOCUMENT = (Path(__file__).parents[2] / "docs" / "detect.md").read_text(encoding="utf-8")
GEOMETRY = Geometry((60, 50, 50), np.array([[-1.0, 0, 0, 30], [0, 1.0, 0, -20], [0, 0, 1.0, 5], [0, 0, 0, 1]]))
CENTRES = [GEOMETRY.index_to_ras((18.0, 20.0, 22.0)), GEOMETRY.index_to_ras((44.0, 30.0, 30.0))]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.S)


def commands() -> list[list[str]]:
    return [shlex.split(line)[1:] for block in blocks("bash") for line in block.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scan and a cohort of bright balls, and detectors that find those."""

    def load(self: DetectKind, task: Task, model_dir: Path | None = None) -> Model:
        return DetectModel(detect_task(), DetectWeights(Bright(), (Calibrated(None, 0.5),), "bright"))  # type: ignore[arg-type]

    monkeypatch.setattr(DetectKind, "load", load)
    monkeypatch.chdir(tmp_path)
    image = tmp_path / "cohort" / "a.nii.gz"
    for path in (tmp_path / "chest.nii.gz", image):
        path.parent.mkdir(exist_ok=True)
        write_volume(balls(GEOMETRY, CENTRES, radius_mm=5.0), path)
    write_cases(image.parent, [Case(image, None, "a", "ball", centre, 10.0) for centre in CENTRES])
    return tmp_path


def test_what_is_asked_and_scored_comes_out_as_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands():
        if command[0] in ("infer", "evaluate"):
            assert main(command) == 0, (command, capsys.readouterr().err)
    printed = json.loads(capsys.readouterr().out)
    shaped = json.loads((folder / "nodules.json").read_text())
    (shown,) = (json.loads(block) for block in blocks("json"))

    assert len(printed["candidates"]) == 2
    assert shaped.keys() == shown.keys()
    assert shaped["candidates"][0].keys() == shown["candidates"][0].keys()
    assert sorted(np.unique(read_volume(folder / "nodules.nii.gz").array)) == [0, 1, 2]
    scores = json.loads((folder / "scores.json").read_text())
    for name in ("cpm", "by_size", "calibration_error"):
        assert name in scores
        assert f"`{name}`" in DOCUMENT
    assert scores["cpm"] == 1.0


def test_every_other_command_is_understood(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[argparse.Namespace] = []
    slow = {
        "phantom": "lesionlab.cli.phantom",
        "train": "lesionlab.cli.train",
        "study": "lesionlab.cli.studies.weak_labels",
    }
    for module in slow.values():
        monkeypatch.setattr(importlib.import_module(module), "run", lambda args, output: asked.append(args))
    chosen = [command for command in commands() if command[0] in slow]

    assert [main(command) for command in chosen] == [0] * len(chosen)
    assert {find_task(args.task).kind for args in asked} == {"detect"}
    assert len(asked) == 4


def test_the_python_example_runs(folder: Path) -> None:
    (code,) = blocks("python")
    names: dict[str, object] = {}

    exec(code, names)

    assert isinstance(names["diameters"], list)
    assert len(names["diameters"]) == 2
    assert isinstance(names["steps"], list)
    assert "shape 2 of 2" in [step.text for step in names["steps"]]


def test_the_settings_are_those_of_a_task_and_the_defaults_as_shown() -> None:
    training, classes = (yaml.safe_load(block) for block in blocks("yaml"))
    whole = {**detect_task(dimension=2).model_dump(mode="json"), **classes}
    defaults = DetectTask.model_validate({**whole, "training": {}}).training.model_dump()

    task = DetectTask.model_validate({**whole, **training})

    assert task.class_of("CALC") == 1
    assert task.class_of("clip") is None
    assert {key: value for key, value in training["training"].items() if key != "thickest_mm"} == {
        key: value for key, value in defaults.items() if key != "thickest_mm"
    }


def test_every_detector_is_listed() -> None:
    from lesionlab.kinds import all_tasks

    detectors = {name for name, task in all_tasks().items() if task.kind == "detect"}
    assert detectors == set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, flags=re.M))

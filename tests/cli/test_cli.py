"""Every command's exit status and its one line on standard error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lesionlab.cli.entry import COMMANDS
from lesionlab.kinds import all_tasks
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.shape.kind import ShapeKind
from lesionlab.progress import Progress
from tests.cli.voxel_model import Cli


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_explains_it_and_shows_an_example(cli: Cli, command: str) -> None:
    answer = cli(command, "--help")

    assert (answer.status, answer.err) == (0, "")
    assert f"example:\n  lesionlab {command}" in answer.out


def test_help_lists_every_command(cli: Cli) -> None:
    out = cli("--help").out

    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


WRONG = {
    "no command": ([], "expected one of tasks, infer"),
    "a mistyped command": (["infre"], "did you mean 'infer'?"),
    "a mistyped option": (["tasks", "--jsn"], "did you mean '--json'?"),
    "a missing argument": (["infer"], "TASK, IMAGE"),
    "a mistyped task": (["infer", "lesion_shap", "x.nii"], "did you mean 'lesion_shape'?"),
    "words for a number": (
        ["infer", "lesion_shape", "x", "--size-mm", "big"],
        "got 'big'; expected a number above 0 in mm",
    ),
    "a negative size": (["infer", "lesion_shape", "x", "--size-mm", "-4"], "got '-4'; expected a number above 0 in mm"),
    "a point that is not finite": (["infer", "lesion_shape", "x", "--point-mm", "nan", "0", "0"], "got 'nan'"),
    "half a point": (["infer", "lesion_shape", "x", "--point-mm", "1", "2"], "--point-mm"),
    "two points": (
        ["infer", "lesion_shape", "x", "--point-mm", "1", "2", "3", "--point-voxel", "1", "2", "3"],
        "not allowed with argument",
    ),
    "no cases": (["phantom", "lesion_shape", "x", "--cases", "0", "--seed", "1"], "expected a whole number >= 1"),
    "a port out of range": (["serve", "--port", "70000"], "<= 65535"),
    "a folder of tasks that does not exist": (["tasks", "--tasks", "/no/such/folder"], "got /no/such/folder"),
    "data that do not exist": (["train", "lesion_shape", "--data", "/no/such", "--out", "/tmp"], "got /no/such"),
    "a start that does not exist": (
        ["train", "lesion_shape", "--data", ".", "--out", "/tmp", "--start", "/no/such"],
        "--start is not a folder",
    ),
    "two starts": (
        ["train", "lesion_shape", "--data", ".", "--out", "/tmp", "--start", "x", "--fresh"],
        "not allowed with argument",
    ),
    "a file in a folder that does not exist": (
        ["infer", "lesion_shape", "x", "--point-mm", "0", "0", "0", "--out", "/no/such/mask.nii.gz"],
        "the folder of --out does not exist",
    ),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_status_2_and_one_line_on_standard_error(cli: Cli, arguments: list[str], words: str) -> None:
    answer = cli(*arguments)

    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("lesionlab: ")
    assert words in answer.err


def test_our_own_fault_is_status_1_in_one_line_and_shows_the_place_on_request(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(ShapeKind, "phantom", broken)
    command = ["phantom", "lesion_shape", str(tmp_path), "--cases", "1", "--seed", "1"]

    plain, debug = cli(*command), cli(*command, "--debug")

    assert (plain.status, plain.out) == (1, "")
    assert plain.err.count("\n") == 1
    assert "ZeroDivisionError: division by zero" in plain.err
    assert "--debug" in plain.err
    assert debug.status == 1
    assert "Traceback" in debug.err
    assert "in broken" in debug.err


def test_tasks_of_a_folder_of_the_lab_are_found_by_option_before_and_after_the_command_and_by_environment(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.yaml").write_text("{kind: shape, title: Ours, description: Our own.}")

    names = [
        {task["name"] for task in cli(*arguments).json}
        for arguments in (("tasks", "--json", "--tasks", tmp_path), ("--tasks", tmp_path, "tasks", "--json"))
    ]
    monkeypatch.setenv("LESIONLAB_TASKS", str(tmp_path))
    names.append({task["name"] for task in cli("tasks", "--json").json})
    assert names == [{*all_tasks(), "ours"}] * 3


def test_listing_the_tasks_takes_under_half_a_second_and_imports_nothing_heavy() -> None:
    code = """
import sys, time
from lesionlab.cli import main
assert main(["tasks", "--json"]) == 0
heavy = {"torch", "monai", "monailabel", "scipy", "numpy", "itk", "SimpleITK", "nibabel", "rich"} & set(sys.modules)
sys.exit(f"imported: {sorted(heavy)}" if heavy else f"{time.process_time():.3f}")
"""
    # Process time of the best of three: another program's load on the machine is not ours.
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False) for _ in range(3)]

    assert not [run.stderr for run in runs if "imported" in run.stderr]
    assert min(float(run.stderr) for run in runs) < 0.5


def test_training_passes_its_options_and_stays_quiet_in_a_pipe(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def train(task, data, out, options, report):  # type: ignore[no-untyped-def]
        report(Progress(1, 3, "epoch 1"))
        asked.append((task.name, data, out, options))
        return {"dice": 0.5}

    monkeypatch.setattr("lesionlab.learning.train.train", train)
    out = tmp_path / "runs" / "ours"

    answer = cli("train", "lesion_shape", "--data", tmp_path, "--out", out, "--epochs", 3, "--seed", 7, "--json", "-")

    assert asked == [("lesion_shape", tmp_path, out, TrainOptions(epochs=3, seed=7))]
    assert (answer.status, answer.json, answer.err) == (0, {"dice": 0.5}, "")
    assert out.is_dir()

    assert cli("train", "lesion_shape", "--data", tmp_path, "--out", tmp_path / "more", "--start", out).status == 0
    assert asked[1][3] == TrainOptions(start=out)


def test_a_phantom_cohort_comes_from_its_seed(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn = []

    def phantom(self, task, out, cases, rng, shift):  # type: ignore[no-untyped-def]
        drawn.append((cases, shift, rng.integers(1 << 30)))

    monkeypatch.setattr(ShapeKind, "phantom", phantom)

    for seed in (1, 1, 2):
        assert (
            cli("phantom", "lesion_shape", tmp_path / "new", "--cases", 4, "--seed", seed, "--shift", "site").status
            == 0
        )

    assert {(cases, shift) for cases, shift, _ in drawn} == {(4, "site")}
    assert drawn[0] == drawn[1] != drawn[2]

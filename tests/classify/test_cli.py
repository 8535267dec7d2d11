from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import yaml

from lesionlab.cli import main
from lesionlab.image.files import write_volume
from lesionlab.kinds.classify.network import build_ensemble
from lesionlab.kinds.classify.reading import Reading
from lesionlab.kinds.classify.weights import write_weights
from tests.classify.blobs import PLANE, classify_task, disc


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The beginning of a command: a plane, a task of one's own, and a model with random weights."""
    folder = tmp_path_factory.mktemp("asked")
    task = classify_task()
    torch.manual_seed(0)
    members = list(build_ensemble(task, 1).members)
    write_weights(folder / "model" / "model.safetensors", task, members, Reading(operating_point=0.5), {})
    content = task.model_dump(mode="json")
    (folder / "tasks").mkdir()
    (folder / "tasks" / f"{content.pop('name')}.yaml").write_text(yaml.safe_dump(content))
    image = folder / "disc.nii.gz"
    write_volume(disc(True, PLANE.index_to_ras((40.0, 30.0, 0.0)), np.random.default_rng(0)), image)
    return ["infer", task.name, str(image), "--tasks", str(folder / "tasks"), "--model", str(folder / "model")]


def answer(asked: list[str], capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    assert main([*asked, *more, "--json", "-"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_on_a_plane_a_point_is_a_column_and_a_row(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    two = answer(asked, capsys, "--point-voxel", "40", "30", "--size-mm", "20")
    three = answer(asked, capsys, "--point-voxel", "40", "30", "0", "--size-mm", "20")
    mm = answer(asked, capsys, "--point-mm", "-40", "-30", "0", "--size-mm", "20")

    assert two == three == mm
    assert set(two) == {"scores", "label", "abstained", "operating_point", "model_version"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "needs a point"),
        (("--point-voxel", "1", "2", "3", "4"), "expected X Y, or I J K"),
        (("--point-voxel", "400", "30"), "lies outside the image"),
        (("--point-voxel", "40", "30", "--size-mm", "700"), "size_mm does not fit"),
        (("--point-voxel", "40", "30", "--out", "mask.nii.gz"), "holds no mask"),
    ],
    ids=["no point", "four indices", "outside", "larger than the image", "a mask"],
)
def test_what_does_not_fit_is_said_in_one_line(
    asked: list[str], capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str
) -> None:
    assert main([*asked, *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1

"""``lesionlab versions`` on a folder with two trained versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lesionlab.kinds.shape.weights import write_weights
from lesionlab.store.house import House
from lesionlab.store.versions import Comparison, TrainRequest, UsedLabel, Version, Versions
from tests.cli.voxel_model import Cli, VoxelModel


@pytest.fixture
def studies(tmp_path: Path, model: VoxelModel) -> Path:
    """``model`` answers for whatever weights are loaded."""
    weights = tmp_path / "weights.safetensors"
    write_weights(weights, [], None, {})
    versions = Versions(House.of(str(tmp_path)).models)
    label = UsedLabel(image="a.nii.gz", patient="a", part="train", sha256="0" * 64)
    for name, parent, promoted in (("v1", "shipped", True), ("v2", "v1", False)):
        reason = f"{'promoted' if promoted else 'not promoted'}: dice 0.7 against 0.8"
        version = Version(
            version=name,
            task="lesion_shape",
            created=datetime(2026, 1, 31, 12, tzinfo=UTC),
            parent=parent,
            job="j",
            request=TrainRequest(),
            configuration={},
            code="1",
            torch="2",
            labels=(label,),
            training={"best": 0.8},
            scores=(),
            comparison=Comparison(metric="dice", against=parent, promoted=promoted, reason=reason),
        )
        versions.add(version, weights)
    versions.use("lesion_shape", "v1", "better")
    return tmp_path


def test_the_versions_are_listed_newest_first_with_a_star_at_the_one_that_answers(cli: Cli, studies: Path) -> None:
    lines = cli("versions", "lesion_shape", "--studies", studies).out.splitlines()
    assert [line.split()[0] for line in lines] == ["v2", "*", "shipped"]
    assert lines[0].endswith("from v1, 1 labels; not promoted: dice 0.7 against 0.8")
    assert lines[1].startswith("* v1 ")


def test_one_call_goes_back_and_forth(cli: Cli, studies: Path) -> None:
    for name in ("v2", "shipped", "v1"):
        answer = cli("versions", "lesion_shape", "--studies", studies, "--use", name)
        assert f"* {name} " in answer.out
        assert Versions(House.of(str(studies)).models).current("lesion_shape") == name


def test_everything_that_is_recorded_comes_as_json(cli: Cli, studies: Path) -> None:
    found = json.loads(cli("versions", "lesion_shape", "--studies", studies, "--json").out)
    assert [(each["version"], each["current"]) for each in found] == [("v2", False), ("v1", True)]
    assert found[0]["labels"][0]["patient"] == "a"


def test_a_version_that_does_not_exist_is_one_line_and_status_2(cli: Cli, studies: Path) -> None:
    answer = cli("versions", "lesion_shape", "--studies", studies, "--use", "v3")
    assert answer.status == 2
    assert "no such version; got v3; expected one of v2, v1, shipped" in answer.err

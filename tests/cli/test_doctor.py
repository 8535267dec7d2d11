"""``lesionlab doctor`` says what is wrong and what to do about it."""

from __future__ import annotations

from lesionlab.cli import checks
from lesionlab.errors import NotFoundError
from lesionlab.kinds.shape.kind import ShapeKind
from tests.cli.voxel_model import Cli, VoxelModel


def test_an_old_python_is_bad_and_a_new_one_good() -> None:
    assert checks.check_python((3, 10, 9)).state == "bad"
    assert "3.11" in checks.check_python((3, 10, 9)).advice
    assert checks.check_python((3, 11, 0)).state == "good"


def test_a_package_that_is_not_installed_is_bad_with_advice() -> None:
    missing = checks.check_package("no_such_package_here", "this test")

    assert missing.state == "bad"
    assert "no_such_package_here" in missing.line
    assert "make setup" in missing.line
    assert checks.check_package("pydicom_seg", "MONAI Label").state == "good"


def test_a_program_that_is_nowhere_is_bad() -> None:
    assert checks.check_program("no-such-program-here", "this test").state == "bad"


def test_little_room_is_told_but_does_not_fail() -> None:
    assert checks.check_room("disk", 4.9, 5.0).state == "fair"
    assert checks.check_room("disk", 5.0, 5.0).state == "good"


def test_a_task_whose_weights_do_not_load_fails_the_whole_with_status_1(cli: Cli, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def load(*_: object) -> None:
        raise NotFoundError("there are no weights", got="lesion_shape.safetensors")

    monkeypatch.setattr(ShapeKind, "load", load)

    answer = cli("doctor")

    assert answer.status == 1
    assert "FAIL  task lesion_shape: there are no weights; got lesion_shape.safetensors. To do: " in answer.out
    assert "got task lesion_shape" in answer.err


def test_a_sound_installation_is_status_0_and_as_json_names_every_check(cli: Cli, model: VoxelModel) -> None:
    answer = cli("doctor", "--json", "-")

    assert answer.status == 0, answer.out
    assert answer.json["ok"] is True
    names = {check["name"] for check in answer.json["checks"]}
    assert names >= {"python", "torch", "monailabel", "pydicom_seg", "itkimage2segimage", "task lesion_shape"}

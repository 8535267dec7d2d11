"""``lesionlab infer``, with a stand-in that marks the clicked voxel."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.cli.voxel_model import AFFINE, SHAPE, Cli, VoxelModel

# By hand, from AFFINE: voxel (3, 4, 5) lies at (30 - 2 * 3, 20 - 2 * 4, -10 + 5 * 5) = (24, 12, 15).
POINTS = {"mm": ["--point-mm", 24, 12, 15], "voxel": ["--point-voxel", 3, 4, 5]}


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_the_mask_is_written_on_the_images_own_lattice(
    cli: Cli, model: VoxelModel, image: Path, tmp_path: Path, point: list[object]
) -> None:
    answer = cli("infer", "lesion_shape", image, *point, "--size-mm", 9, "--out", tmp_path / "mask.nii.gz")

    assert (answer.status, answer.err) == (0, "")
    mask = nibabel.load(tmp_path / "mask.nii.gz")
    assert mask.shape == SHAPE
    np.testing.assert_allclose(mask.affine, AFFINE, atol=1e-6)
    assert np.argwhere(np.asarray(mask.dataobj)).tolist() == [[3, 4, 5]]


def test_the_summary_goes_to_standard_output_or_to_a_file(
    cli: Cli, model: VoxelModel, image: Path, tmp_path: Path
) -> None:
    shown = cli("infer", "lesion_shape", image, "--point-mm", 24, 12, 15, "--size-mm", 9, "--json", "-")
    written = cli("infer", "lesion_shape", image, "--point-mm", 24, 12, 15, "--json", tmp_path / "answer.json")

    assert (shown.json["size_mm"], shown.json["size_given"], shown.json["certainty"]) == (9.0, True, 0.8)
    assert written.out == ""
    content = json.loads((tmp_path / "answer.json").read_text())
    assert (content["size_mm"], content["size_given"]) == (7.0, False)


def test_negative_clicks_and_negative_coordinates_reach_the_model(cli: Cli, model: VoxelModel, image: Path) -> None:
    excluded = ["--exclude-mm", 20, 12, 15, "--exclude-mm", 24, 8, "-5.5"]

    assert cli("infer", "lesion_shape", image, "--point-mm", 24, 12, "-1.25", *excluded).status == 0

    assert model.asked[0].point_mm == (24.0, 12.0, -1.25)
    assert model.asked[0].exclude_mm == ((20.0, 12.0, 15.0), (24.0, 8.0, -5.5))


OUTSIDE = {
    "point in mm": (["--point-mm", 100, 12, 15], "--point-mm lies outside the image"),
    "point in voxels": (["--point-voxel", 3, 4, 8], "--point-voxel lies outside the image"),
    "excluded point": (["--point-mm", 24, 12, 15, "--exclude-mm", 24, 12, 1000], "--exclude-mm lies outside the image"),
}


@pytest.mark.parametrize(("arguments", "words"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_point_outside_the_image_is_refused_before_the_model_is_asked(
    cli: Cli, model: VoxelModel, image: Path, arguments: list[object], words: str
) -> None:
    answer = cli("infer", "lesion_shape", image, *arguments)

    assert answer.status == 2
    assert words in answer.err
    assert "expected voxels 0, 0, 0 to 11, 9, 7" in answer.err
    assert model.asked == []


def test_a_task_that_needs_a_point_says_so(cli: Cli, model: VoxelModel, image: Path) -> None:
    answer = cli("infer", "lesion_shape", image)

    assert answer.status == 2
    assert "needs a point; expected --point-mm R A S, or --point-voxel I J K" in answer.err


@pytest.mark.parametrize("content", [None, b"", b"no image at all" * 100])
def test_an_image_that_is_missing_or_broken_is_wrong_input(
    cli: Cli, model: VoxelModel, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "broken.nii.gz").write_bytes(content)

    answer = cli("infer", "lesion_shape", tmp_path / "broken.nii.gz", "--point-mm", 0, 0, 0)

    assert answer.status == 2
    assert "broken.nii.gz" in answer.err
    assert answer.err.count("\n") == 1


def test_a_model_folder_without_weights_is_wrong_input(cli: Cli, image: Path, tmp_path: Path) -> None:
    answer = cli("infer", "lesion_shape", image, "--point-mm", 24, 12, 15, "--size-mm", 9, "--model", tmp_path)

    assert answer.status == 2
    assert "there are no weights" in answer.err

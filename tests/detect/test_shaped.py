from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lesionlab.cli import main
from lesionlab.errors import CancelledError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.kind import DetectKind
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.shaped import joined
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.detect.weights import DetectWeights
from lesionlab.kinds.kind import Model
from lesionlab.predict import Predictor
from lesionlab.progress import Progress
from lesionlab.task import Task
from tests.detect.bright import Bright, balls, detect_task

GEOMETRY = Geometry((60, 50, 50), np.array([[-1.0, 0, 0, 30], [0, 1.0, 0, -20], [0, 0, 1.0, 5], [0, 0, 0, 1]]))
CENTRES = [GEOMETRY.index_to_ras((18.0, 20.0, 22.0)), GEOMETRY.index_to_ras((44.0, 30.0, 30.0))]


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every detector calls bright places lesions."""

    def load(self: DetectKind, task: Task, model_dir: Path | None = None) -> Model:
        return DetectModel(detect_task(), DetectWeights(Bright(), (Calibrated(None, 0.5),), "bright"))  # type: ignore[arg-type]

    monkeypatch.setattr(DetectKind, "load", load)


def part(start: tuple[int, int, int], shape: tuple[int, int, int]) -> Volume:
    return Volume(np.ones(shape, dtype=np.uint8), GEOMETRY.crop(start, shape))


def test_masks_are_joined_in_the_smallest_crop_and_the_first_lies_on_top() -> None:
    whole = joined([part((10, 12, 14), (2, 2, 2)), part((11, 12, 14), (3, 2, 2)), part((8, 12, 14), (1, 1, 1))])

    assert whole is not None
    assert whole.array[:, 0, 0].tolist() == [3, 0, 1, 1, 2, 2]
    assert whole.array.shape == (6, 2, 2)
    assert whole.geometry.index_to_ras((0, 0, 0)) == pytest.approx(GEOMETRY.index_to_ras((8, 12, 14)))


def test_without_candidates_there_is_no_mask() -> None:
    assert joined([]) is None


@pytest.mark.usefixtures("bright")
def test_each_candidate_becomes_a_mask_with_its_own_value(tmp_path: Path) -> None:
    image, mask, found = tmp_path / "image.nii.gz", tmp_path / "mask.nii.gz", tmp_path / "found.json"
    write_volume(balls(GEOMETRY, CENTRES, radius_mm=5.0), image)

    assert main(["infer", "nodule_ct", str(image), "--shape", "--out", str(mask), "--json", str(found)]) == 0

    candidates = json.loads(found.read_text())["candidates"]
    written = read_volume(mask)
    assert written.array.shape == GEOMETRY.shape
    assert sorted(np.unique(written.array).tolist()) == [0, 1, 2]
    for candidate in candidates:
        voxels = np.argwhere(written.array == candidate["value"])
        centre = np.asarray(GEOMETRY.index_to_ras(tuple(voxels.mean(axis=0))))
        assert np.linalg.norm(centre - candidate["point_mm"]) < 1.5
        assert candidate["volume_mm3"] == pytest.approx(len(voxels))
        assert 0 < candidate["certainty"] <= 1


@pytest.mark.usefixtures("bright")
def test_a_mask_that_nobody_asked_for_is_refused_with_the_way_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image.nii.gz"
    write_volume(balls(GEOMETRY, CENTRES), image)

    assert main(["infer", "nodule_ct", str(image), "--out", str(tmp_path / "mask.nii.gz")]) == 2
    assert "add --shape" in capsys.readouterr().err


@pytest.mark.usefixtures("bright")
@pytest.mark.parametrize("stop_at", ["window 2", "shape 1"])
def test_what_the_report_raises_ends_the_work(stop_at: str) -> None:
    told: list[str] = []

    def report(progress: Progress) -> None:
        told.append(progress.text)
        if progress.text.startswith(stop_at):
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        Predictor().predict(
            find_task("nodule_ct"), balls(GEOMETRY, CENTRES, radius_mm=5.0), DetectRequest(shape=True), report
        )
    assert told[-1].startswith(stop_at)

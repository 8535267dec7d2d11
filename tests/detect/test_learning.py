from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import train
from lesionlab.progress import silent
from lesionlab.store.cases import Case, write_cases
from tests.detect.bright import balls, detect_task

GEOMETRY = Geometry((48, 48, 24), np.diag([1.0, 1.0, 2.0, 1.0]))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve noisy images with one ball each, marked by a point and a size."""
    folder = tmp_path_factory.mktemp("balls")
    rng = np.random.default_rng(5)
    cases = []
    for number in range(12):
        index = (float(rng.uniform(10, 38)), float(rng.uniform(10, 38)), float(rng.uniform(6, 18)))
        point = GEOMETRY.index_to_ras(index)
        clean = balls(GEOMETRY, [point], radius_mm=5.0).array
        path = folder / f"case-{number:02d}.nii.gz"
        write_volume(Volume((clean + 12 * rng.standard_normal(clean.shape)).astype(np.int16), GEOMETRY), path)
        cases.append(Case(path, None, path.name, "ball", point, 10.0))
    write_cases(folder, cases)
    return folder


@pytest.fixture(scope="module")
def model(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> DetectModel:
    out = tmp_path_factory.mktemp("trained")
    train(detect_task(), cohort, out, TrainOptions(seed=1, fresh=True), silent)
    return DetectModel.load(detect_task(), out)


def test_a_minute_of_training_finds_balls_with_their_size(cohort: Path, model: DetectModel) -> None:
    found = kind_of(detect_task()).evaluate(detect_task(), model, cohort, silent)

    assert found["lesions"] == 12
    assert found["first_three"] >= 0.9
    assert found["cpm"] >= 0.8
    assert len(found["sensitivity"]) == 7
    assert found["cpm_interval_95"][0] <= found["cpm"] <= found["cpm_interval_95"][1]


def test_the_answer_is_best_first_and_no_longer_than_asked(model: DetectModel) -> None:
    volume = balls(GEOMETRY, [(12.0, 12.0, 14.0), (36.0, 34.0, 30.0)], radius_mm=5.0)

    shown = model.predict(volume, DetectRequest(maximum=2, confidence=0.0)).summary()["candidates"]

    assert len(shown) == 2
    assert shown[0]["confidence"] >= shown[1]["confidence"]
    for centre in ((12.0, 12.0, 14.0), (36.0, 34.0, 30.0)):
        assert min(np.linalg.norm(np.subtract(c["point_mm"], centre)) for c in shown) < 3.0
    assert all(5 < c["size_mm"] < 20 for c in shown)


def test_a_plane_is_refused_by_a_task_for_volumes(model: DetectModel) -> None:
    with pytest.raises(InputError, match="a volume"):
        model.predict(balls(Geometry((40, 40, 1), np.eye(4)), []), DetectRequest())


def test_each_image_with_a_lesion_is_scored(cohort: Path, model: DetectModel) -> None:
    from lesionlab.store.cases import read_cases

    scores = kind_of(detect_task()).case_scores(detect_task(), model, read_cases(cohort), silent)

    assert len(scores) == 12
    assert all(0 <= score.value <= 1 for score in scores)
    assert np.mean([score.value for score in scores]) > 0.7


def test_without_marks_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    write_volume(balls(GEOMETRY, []), tmp_path / "plain.nii.gz")

    with pytest.raises(InputError, match="nothing to train on"):
        train(detect_task(), tmp_path, tmp_path / "out", TrainOptions(), silent)

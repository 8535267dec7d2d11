"""Training and scoring on a datastore, through the doors that the command line and the server use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.shape.evaluation import evaluate
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeRequest, ShapeTask, TrainingSettings
from lesionlab.learning.train import train
from lesionlab.phantoms.lesions.scene import draw_scene
from lesionlab.progress import silent
from tests.shape.oracle import alike_model, ball_volume, dice, shape_task

CENTER = (4.0, -3.0, 2.0)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    (folder / "labels" / "final").mkdir(parents=True)
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[:3, 3] = np.array(CENTER) - [20, 20, 20]
    for number in range(5):
        ball = ball_volume(Geometry((41, 41, 21), affine), CENTER, (6.0 + number, 7.0, 9.0))
        write_volume(ball, folder / f"case{number}.nii.gz")
        mask = Volume((ball.array > 0).astype(np.uint8), ball.geometry)
        write_volume(mask, folder / "labels" / "final" / f"case{number}.nii.gz")
    return folder


def short_task() -> ShapeTask:
    training = TrainingSettings(epochs=2, steps=2, batch=2, phantoms=0)
    return shape_task().model_copy(update={"training": training})


def test_evaluation_scores_every_lesion_and_sums_up(studies: Path) -> None:
    scores = evaluate(alike_model(), studies, silent)
    assert scores["summary"]["lesions"] == 5
    assert scores["summary"]["dice_mean"] == pytest.approx(np.mean([row["dice"] for row in scores["lesions"]]))
    assert scores["summary"]["dice_mean"] > 0.9
    low, high = scores["summary"]["dice_interval_95"]
    assert low <= scores["summary"]["dice_mean"] <= high


def test_evaluation_without_masks_says_what_is_missing(studies: Path) -> None:
    for mask in (studies / "labels" / "final").iterdir():
        mask.unlink()
    with pytest.raises(InputError, match="labels/final"):
        evaluate(alike_model(), studies, silent)


def test_a_mask_on_another_lattice_is_refused(studies: Path) -> None:
    shifted = Geometry((41, 41, 21), np.diag([1.0, 1.0, 2.0, 1.0]))
    write_volume(Volume.zeros(shifted), studies / "labels" / "final" / "case0.nii.gz")
    with pytest.raises(InputError, match="lattice"):
        evaluate(alike_model(), studies, silent)


def test_training_writes_a_model_that_answers_and_the_split_never_changes(studies: Path, tmp_path: Path) -> None:
    task, out = short_task(), tmp_path / "run"
    scores = train(task, studies, out, TrainOptions(seed=3), silent)
    split = (studies / "split.json").read_text()
    assert len(scores["history"]) == 2
    model = kind_of(task).load(task, out)
    volume = ball_volume(Geometry((41, 41, 21), np.diag([1.0, 1.0, 2.0, 1.0])), (20.0, 20.0, 20.0), (7.0, 7.0, 9.0))
    result = model.predict(volume, ShapeRequest(point_mm=(20.0, 20.0, 20.0), size_mm=14.0))
    assert result.label is not None
    assert result.label.array.any()
    train(task, studies, tmp_path / "again", TrainOptions(seed=4), silent)
    assert (studies / "split.json").read_text() == split


def test_the_shipped_model_beats_the_sphere_on_simulated_lesions_it_never_saw() -> None:
    model = ShapeModel.load(shape_task())
    ours, spheres = [], []
    for number in range(12):
        scene = draw_scene(np.random.default_rng([991, number]), 64)
        geometry = Geometry((64, 64, 64), np.eye(4))
        truth = scene.truth > 0.5
        inside = np.argwhere(truth)
        point = inside[np.linalg.norm(inside - inside.mean(axis=0), axis=1).argmin()].astype(float)
        size = float(np.ptp(inside[:, :2], axis=0).max()) + 1
        request = ShapeRequest(point_mm=(point[0], point[1], point[2]), size_mm=size)
        result = model.predict(Volume(scene.image, geometry), request)
        ours.append(dice(Volume.zeros(geometry).paste(result.mask).array > 0, truth))
        index = np.indices(truth.shape).reshape(3, -1).T
        sphere = (np.linalg.norm(index - point, axis=1) <= 0.41 * size).reshape(truth.shape)
        spheres.append(dice(sphere, truth))
    assert np.mean(ours) > np.mean(spheres) + 0.03

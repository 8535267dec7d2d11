from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.files import write_volume
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.preparing import prepare
from lesionlab.kinds.classify.task import ClassifyRequest, ClassifyTask
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import fit
from lesionlab.progress import silent
from lesionlab.store.cases import Case, read_cases, write_cases
from tests.classify.blobs import PLANE, SIZE_MM, classify_task, disc, write_discs

LEARNING = {"epochs": 4, "steps": 10, "batch": 8, "learning_rate": 2e-3, "backbone_rate": 1.0, "folds": 2}
TASK = classify_task(network={"name": "efficientnet_lite0", "pretrained": "imagenet"}, training=LEARNING)
POINT = PLANE.index_to_ras((40.0, 30.0, 0.0))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Discs to learn from, and others to be tested on."""
    learn, test = tmp_path_factory.mktemp("learn"), tmp_path_factory.mktemp("test")
    write_discs(learn, 40, seed=5)
    write_discs(test, 24, seed=6)
    return learn, test


@pytest.fixture(scope="module")
def trained(folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    fit(prepare(TASK, folders[0], TrainOptions(seed=1, fresh=True)), out, 1, silent)
    return out


@pytest.fixture(scope="module")
def model(trained: Path) -> ClassifyModel:
    return ClassifyModel.load(TASK, trained)


def test_a_few_seconds_of_training_tell_stripes_on_images_never_seen(
    folders: tuple[Path, Path], model: ClassifyModel
) -> None:
    found = kind_of(TASK).evaluate(TASK, model, folders[1], silent)

    assert found["auc"] >= 0.9
    assert found["auc_interval_95"][0] <= found["auc"] <= found["auc_interval_95"][1]
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 24
    assert found["patients"] == 12
    json.dumps(found, allow_nan=False)


def test_the_scores_sum_to_one_and_the_label_follows_the_operating_point(model: ClassifyModel) -> None:
    volume = disc(True, POINT, np.random.default_rng(3))

    found = model.predict(volume, ClassifyRequest(point_mm=POINT, size_mm=SIZE_MM)).summary()

    assert sum(found["scores"].values()) == pytest.approx(1, abs=2e-4)
    assert list(found["scores"]) == ["plain", "striped"]
    assert (found["label"] == "striped") == (found["scores"]["striped"] >= found["operating_point"])
    assert set(found) == {"scores", "label", "abstained", "operating_point", "model_version"}


def test_both_members_travel_in_one_file(trained: Path, model: ClassifyModel) -> None:
    assert len(model.members) == 2
    assert (trained / "model.safetensors").stat().st_size < 2 * 4_000_000


def test_the_patient_split_and_the_folds_are_stored_and_never_cross(folders: tuple[Path, Path], trained: Path) -> None:
    parts = json.loads((folders[0] / "split.json").read_text())["patients"]
    folds = json.loads((folders[0] / "folds.json").read_text())["divisions"]["2"]

    assert set(folds) == {patient for patient, part in parts.items() if part == "train"}
    recipe = prepare(TASK, folders[0], TrainOptions(seed=1, fresh=True))
    for number, cases in enumerate(recipe.members):
        assert {folds[case.patient] for case in cases} == {1 - number}


def test_without_a_point_a_patch_is_refused(model: ClassifyModel) -> None:
    with pytest.raises(InputError, match="needs a point"):
        model.predict(disc(True, POINT, np.random.default_rng(3)), ClassifyRequest())


def test_a_task_without_weights_says_how_to_get_them() -> None:
    with pytest.raises(NotFoundError, match=r"no weights yet.*lesionlab train striped_discs"):
        ClassifyModel.load(TASK)


def test_an_unknown_label_is_refused_with_the_nearest_class(tmp_path: Path) -> None:
    path = tmp_path / "one.nii.gz"
    write_volume(disc(True, POINT, np.random.default_rng(3)), path)
    write_cases(tmp_path, [Case(path, None, "p", "stripped", POINT, SIZE_MM)])

    with pytest.raises(InputError, match="did you mean 'striped'"):
        prepare(TASK, tmp_path, TrainOptions(fresh=True))


def test_each_case_is_scored_by_the_probability_of_its_class(folders: tuple[Path, Path], model: ClassifyModel) -> None:
    cases = read_cases(folders[1])

    scores = kind_of(TASK).case_scores(TASK, model, cases, silent)

    assert [score.patient for score in scores] == [case.patient for case in cases]
    assert np.mean([score.value for score in scores]) > 0.5


def test_a_look_is_unsure_between_nothing_and_all_and_needs_the_point(
    folders: tuple[Path, Path], model: ClassifyModel
) -> None:
    case = read_cases(folders[1])[0]
    volume = disc(True, POINT, np.random.default_rng(3))

    found = kind_of(TASK).look(TASK, model, Case(case.image, None, "p", "", POINT, SIZE_MM), volume)

    assert found is not None
    assert 0 <= found.uncertainty <= 1
    assert found.features.shape == (1280,)
    assert kind_of(TASK).look(TASK, model, Case(case.image, None, "p"), volume) is None


def test_the_published_recipe_trains_every_layer_with_adam_at_its_one_constant_rate(
    folders: tuple[Path, Path],
) -> None:
    published = find_task("subtype_mammo")
    assert isinstance(published, ClassifyTask)
    network = published.network.model_dump() | {"pretrained": "none"}
    training = published.training.model_dump() | {"batch": 2, "folds": 2}
    recipe = prepare(classify_task(network=network, training=training), folders[0], TrainOptions(fresh=True))

    optimizer = recipe.optimizer(recipe.network)
    loss = recipe.loss(recipe.draw(np.random.default_rng(0)))
    loss.backward()

    assert type(optimizer) is torch.optim.Adam
    assert {group["lr"] for group in optimizer.param_groups} == {1e-5}
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0}
    assert (recipe.clip_norm, recipe.schedule, recipe.epochs) == (1e-3, "constant", 50)
    assert torch.isfinite(loss)
    assert all(parameter.grad is not None for parameter in recipe.network.parameters())

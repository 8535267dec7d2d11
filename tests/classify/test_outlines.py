from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lesionlab.image.files import write_volume
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.bags import channels_of
from lesionlab.kinds.classify.network import build_member
from lesionlab.kinds.classify.preparing import prepare
from lesionlab.kinds.classify.recipe import ClassifyRecipe
from lesionlab.kinds.kind import TrainOptions
from lesionlab.networks.outlines import own_evidence, pointing_loss
from lesionlab.store.cases import Case, write_cases
from tests.classify.blobs import PLANE, SIZE_MM, classify_task, disc
from tests.classify.forms import FORMS, task_of

TASK = classify_task(
    training={"batch": 8, "steps": 1, "outline": 0.5, "validation": 0.2, "augmentation": {"rotation_rad": 0.5}}
)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> ClassifyRecipe:
    """Discs without stripes of both classes; every third case has no mask."""
    folder, rng = tmp_path_factory.mktemp("outlines"), np.random.default_rng(0)
    (folder / "labels" / "final").mkdir(parents=True)
    cases = []
    for number in range(18):
        point = PLANE.index_to_ras((float(rng.uniform(24, 48)), float(rng.uniform(24, 40)), 0.0))
        volume = disc(False, point, rng)
        path = folder / f"{number}.nii.gz"
        write_volume(volume, path)
        if number % 3:
            index = np.indices(PLANE.shape[:2])
            middle = PLANE.ras_to_index(point)[:2]
            inside = np.hypot(index[0] - middle[0], index[1] - middle[1]) < SIZE_MM / 2
            write_volume(Volume(inside[..., None].astype(np.uint8), PLANE), folder / "labels" / "final" / path.name)
        cases.append(Case(path, None, path.name, TASK.classes[number % 2], point, SIZE_MM))
    write_cases(folder, cases)
    return prepare(TASK, folder, TrainOptions(fresh=True))


def test_the_outline_lies_on_the_lesion_however_the_sample_is_turned(recipe: ClassifyRecipe) -> None:
    batch = recipe.draw(np.random.default_rng(1))

    assert batch.outlines is not None
    known = 0
    for picture, outline in zip(batch.inputs[0, :, 0], batch.outlines[0], strict=True):
        if outline.min() < 0:
            assert (outline == -1).all()
            continue
        known += 1
        assert picture[outline > 0.9].mean() > picture[outline < 0.1].mean() + 0.3
    assert 0 < known <= 8


def test_the_outline_is_a_target_and_nothing_that_a_network_sees(recipe: ClassifyRecipe) -> None:
    batch = recipe.draw(np.random.default_rng(1))

    assert batch.inputs.shape == (1, 8, 1, 1, 32, 32)
    member = recipe.network.members[0]  # type: ignore[union-attr, index]
    assert member.train()(batch.inputs[0]).outline.shape == (8, 1, 8, 8)
    assert member.eval()(batch.inputs[0]).outline is None


def test_drawing_the_outline_is_learnt_from_those_cases_that_have_one(recipe: ClassifyRecipe) -> None:
    batch = recipe.draw(np.random.default_rng(1))
    assert batch.outlines is not None
    recipe.network.train()
    recipe.loss(batch).backward()
    member = recipe.network.members[0]  # type: ignore[union-attr, index]

    assert float(member.outline.draw[-1].weight.grad.abs().sum()) > 0
    unknown = type(batch)(batch.inputs, batch.wanted, batch.weights, torch.full_like(batch.outlines, -1.0))
    recipe.network.zero_grad()
    recipe.loss(unknown).backward()
    assert float(member.outline.draw[-1].weight.grad.abs().sum()) == 0


@pytest.mark.parametrize("name", ["slices", "views", "patch of a plane"])
def test_where_the_evidence_lies_is_learnt_from_outlines_in_every_form(name: str) -> None:
    task = task_of(name, training={"batch": 4, "pointing": 1.0, "slices": 3})
    member = build_member(task).train()
    x = torch.rand(2, 4, channels_of(task), 64, 64)

    answer = member(x)

    assert answer.outline is None
    assert answer.evidence.shape[:2] == (8, len(task.classes))
    own = own_evidence(answer.evidence, torch.eye(len(task.classes))[[0, 1]])
    truth = torch.zeros(8, 1, 64, 64)
    truth[..., :32, :32] = 1
    pointing_loss(own, truth).backward()
    assert float(member.head[-1].weight.grad.abs().sum()) > 0
    assert member.eval()(x).evidence is None


@pytest.mark.parametrize("name", ["slices", "views"])
def test_each_slice_and_each_view_has_the_outline_of_what_it_shows(tmp_path: Path, name: str) -> None:
    task = task_of(name, training={"batch": 4, "outline": 0.5, "slices": 6, "augmentation": {"rotation_rad": 0.4}})
    geometry, rng = FORMS[name][1], np.random.default_rng(3)
    (tmp_path / "labels" / "final").mkdir(parents=True)
    cases = []
    for number in range(10):
        i, j, k = np.indices(geometry.shape)
        middle = [n * float(rng.uniform(0.4, 0.6)) for n in geometry.shape]
        inside = (np.hypot(i - middle[0], j - middle[1]) < 9) & (np.abs(k - middle[2]) < geometry.shape[2] * 0.3)
        path = tmp_path / f"{number}.nii.gz"
        write_volume(Volume((100 * inside).astype(np.float32), geometry), path)
        write_volume(Volume(inside.astype(np.uint8), geometry), tmp_path / "labels" / "final" / path.name)
        cases.append(Case(path, None, path.name, task.classes[number % 2]))
    write_cases(tmp_path, cases)
    batch = prepare(task, tmp_path, TrainOptions(fresh=True)).draw(rng)

    assert batch.outlines is not None
    shown = batch.inputs[0].flatten(0, 1)
    shown = shown[:, shown.shape[1] // 2]
    assert batch.outlines.shape == (1, len(shown), 1, *shown.shape[1:])
    drawn = batch.outlines[0, :, 0].flatten(1).amax(dim=1) > 0.9
    assert 0 < int(drawn.sum()) < len(drawn)
    for picture, outline, there in zip(shown, batch.outlines[0, :, 0], drawn, strict=True):
        if there:
            assert picture[outline > 0.9].mean() > picture[outline < 0.1].mean() + 0.5
        else:
            assert picture.max() - picture.min() < 0.9  # no disc in this slice, or the rim of one

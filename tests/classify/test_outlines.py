from __future__ import annotations

import numpy as np
import pytest
import torch

from lesionlab.image.files import write_volume
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.preparing import prepare
from lesionlab.kinds.classify.recipe import ClassifyRecipe
from lesionlab.kinds.kind import TrainOptions
from lesionlab.store.cases import Case, write_cases
from tests.classify.blobs import PLANE, SIZE_MM, classify_task, disc

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

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lesionlab.errors import InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.classify.bags import instances
from lesionlab.kinds.classify.forms import PatchForm
from lesionlab.kinds.classify.sampling import sample
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import train
from lesionlab.progress import silent
from lesionlab.store.cases import Case, write_cases
from tests.classify.forms import FORMS, PLANE, SCAN, image_of, model_of, request_for, task_of


@pytest.mark.parametrize("name", FORMS)
def test_every_form_answers_with_scores_that_sum_to_one(name: str) -> None:
    torch.manual_seed(0)
    task = task_of(name)

    found = model_of(task, members=2).predict(image_of(name), request_for(name)).summary()

    assert sum(found["scores"].values()) == pytest.approx(1, abs=2e-4)
    assert ("slices" in found) == (task.input.form == "slices")


@pytest.mark.parametrize("name", ["slices", "volume", "views"])
def test_every_form_learns_without_a_fault_and_writes_a_model_that_answers(name: str, tmp_path: Path) -> None:
    training = {"epochs": 1, "steps": 2, "batch": 2, "validation": 0.3, "slices": 4}
    task, rng = task_of(name, training=training), np.random.default_rng(0)
    cases = []
    for number in range(10):
        path = tmp_path / f"{number}.nii.gz"
        write_volume(Volume(rng.uniform(0, 100, FORMS[name][1].shape).astype(np.int16), FORMS[name][1]), path)
        cases.append(Case(path, None, path.name, task.classes[number % 2]))
    write_cases(tmp_path, cases)

    train(task, tmp_path, tmp_path / "out", TrainOptions(fresh=True), silent)

    found = kind_of(task).load(task, tmp_path / "out").predict(image_of(name), request_for(name)).summary()
    assert found["label"] in task.classes


def test_the_slices_that_decided_are_named_by_their_own_index_and_their_shares_fall() -> None:
    task = task_of("best slices", training={"augmentation": {"flips": []}})

    found = model_of(task).predict(image_of("best slices"), request_for("best slices")).summary()["slices"]

    # 12 slices 3 mm apart, looked at every 6 mm: six, of which the two highest count one half each.
    assert [one["share"] for one in found] == [0.5, 0.5]
    for one in found:
        i, j, k = SCAN.ras_to_index(tuple(one["point_mm"]))
        assert (i, j, k) == pytest.approx((19.5, 21.5, one["index"]), abs=0.02)


def test_a_slice_is_seen_between_its_neighbours_and_the_last_one_beside_itself() -> None:
    rows = instances(task_of("slices"), 4)

    assert rows.tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]


def test_training_draws_one_slice_from_each_stretch_of_the_volume() -> None:
    task = task_of("slices", training={"slices": 4})

    rows = instances(task, 12, np.random.default_rng(0))

    assert [row[1] // 3 for row in rows] == [0, 1, 2, 3]


def test_a_patch_shows_what_lies_at_the_point_upright() -> None:
    # On a picture x runs to the right and y down: a bright corner above and to the left of the click stays there.
    values = np.zeros(PLANE.shape, dtype=np.float32)
    values[:35, :25] = 100
    task = task_of("patch of a plane")

    seen = sample(task, Volume(values, PLANE), PLANE.index_to_ras((34.5, 24.5, 0)), 10.0).values[0]

    assert seen.shape == (32, 32)
    assert seen[:15, :15].min() == pytest.approx(1.0)
    assert seen[17:, :].max() == pytest.approx(-1.0)
    assert seen[:, 17:].max() == pytest.approx(-1.0)


def test_the_patch_is_twice_as_wide_for_twice_the_size() -> None:
    task = task_of("patch of a plane")
    volume = image_of("patch of a plane")
    point = PLANE.index_to_ras((35.0, 25.0, 0.0))

    steps = [sample(task, volume, point, size).places[0].grid.step_mm for size in (10.0, 20.0, None)]

    assert steps == pytest.approx([20 / 32, 40 / 32, 30 / 32])


def test_magnifications_are_crops_of_their_own_width_around_one_point() -> None:
    name = "patch at three magnifications"

    seen = sample(task_of(name), image_of(name), request_for(name).point_mm, None)

    assert [place.grid.step_mm for place in seen.places] == pytest.approx([14 / 32, 20 / 32, 32 / 32])
    assert seen.values.shape == (3, 32, 32)


def test_a_margin_changes_nothing_in_the_middle() -> None:
    task = task_of("patch of a plane", normalise="crop", intensity={"unit": "percentile", "low": 1, "high": 99})
    volume, point = image_of("patch of a plane"), PLANE.index_to_ras((35.0, 25.0, 0.0))

    plain = sample(task, volume, point, 12.0).values
    wide = sample(task, volume, point, 12.0, margin=0.25).values

    assert wide.shape == (1, 48, 48)
    np.testing.assert_allclose(wide[:, 8:-8, 8:-8], plain, atol=1e-5)


def test_left_views_are_mirrored_so_that_both_sides_look_alike() -> None:
    task, volume = task_of("views"), image_of("views")
    values = volume.array.copy()
    values[:, :, 1] = values[::-1, :, 0]

    seen = sample(task, Volume(values, volume.geometry), None, None).values

    np.testing.assert_allclose(seen[1], seen[0], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "geometry", "message"),
    [
        ("image", SCAN, "one plane"),
        ("slices", PLANE, "a volume"),
        ("views", Geometry((40, 60, 3), np.eye(4)), "R-CC, L-CC, R-MLO, L-MLO"),
    ],
)
def test_an_image_of_another_form_is_refused(name: str, geometry: Geometry, message: str) -> None:
    volume = Volume(np.zeros(geometry.shape, dtype=np.float32), geometry)

    with pytest.raises(InputError, match=message):
        model_of(task_of(name)).predict(volume, request_for(name))


def test_a_point_for_a_task_of_whole_images_is_refused() -> None:
    with pytest.raises(InputError, match="takes the whole image"):
        model_of(task_of("image")).predict(image_of("image"), request_for("patch of a plane"))


def test_a_point_or_size_that_does_not_fit_is_refused_in_words() -> None:
    model, volume = model_of(task_of("patch of a plane")), image_of("patch of a plane")
    request = request_for("patch of a plane")

    with pytest.raises(InputError, match="lies outside the image"):
        model.predict(volume, request.model_copy(update={"point_mm": (50.0, 0.0, 0.0)}))
    with pytest.raises(InputError, match="size_mm does not fit"):
        model.predict(volume, request.model_copy(update={"size_mm": 71.0}))


def test_a_patch_wants_one_edge_for_cases_without_a_size() -> None:
    with pytest.raises(ValueError, match="either default_mm or default_share"):
        PatchForm(form="patch", side=2.0)

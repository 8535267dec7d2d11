from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from lesionlab.explain.gradcam import gradcam
from lesionlab.explain.subject import Subject
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.restoring import restored
from lesionlab.kinds.classify.sampling import sample
from lesionlab.kinds.classify.tiles import tiled, untiled
from lesionlab.kinds.explanation import explain
from tests.classify.forms import FORMS, image_of, model_of, request_for, task_of


@pytest.mark.parametrize("flips", [[], ["horizontal", "vertical"]])
@pytest.mark.parametrize("name", FORMS)
def test_what_is_explained_is_the_answer_itself(name: str, flips: list[str]) -> None:
    torch.manual_seed(1)
    task = task_of(name, training={"augmentation": {"flips": flips}})
    model, volume, request = model_of(task), image_of(name), request_for(name)

    opened = model.explainable(volume, request)

    assert len(opened.subjects) == 2 ** len(flips)
    with torch.inference_mode():
        numbers = [(s.numbers(s.inputs) * s.view_weights).sum() for s in opened.subjects]
    number = float(np.mean(numbers))
    scores = model.predict(volume, request).scores
    expected = np.log(scores["striped"]) - np.log(scores["plain"])
    if name != "best slices":  # whose classes each have their own best slices
        assert number == pytest.approx(expected, abs=1e-3)
    assert opened.about["class"] == "striped"


@pytest.mark.parametrize("name", FORMS)
def test_a_grad_cam_map_of_every_form_lies_on_the_images_own_lattice(name: str) -> None:
    torch.manual_seed(1)
    model, volume = model_of(task_of(name)), image_of(name)
    opened = model.explainable(volume, request_for(name))

    back = opened.restore(gradcam(opened.subjects[0]).numpy())

    start = volume.geometry.ras_to_index(back.geometry.index_to_ras((0.0, 0.0, 0.0)))
    np.testing.assert_allclose(start, np.rint(start), atol=1e-6)
    np.testing.assert_allclose(back.geometry.spacing_mm, volume.geometry.spacing_mm)
    if "patch" not in name:
        assert back.geometry.same_as(volume.geometry)


@pytest.mark.parametrize("name", FORMS)
def test_what_the_network_saw_comes_back_to_where_it_was(name: str) -> None:
    task, geometry = task_of(name), FORMS[name][1]
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    # A slope along each axis of the array: interpolating it loses nothing but at the border.
    slope = (index @ np.array([1.0, 0.7, 2.0]) / 2).astype(np.float32)
    request = request_for(name)

    seen = sample(task, Volume(slope, geometry), request.point_mm, None)
    pictures = (seen.values + 1) / 2 * 100
    if "magnifications" in name:
        pictures[:-1] = 0  # they would be added
    back = restored(seen.places, pictures, geometry, sliced=task.input.form == "slices")

    start = np.rint(geometry.ras_to_index(back.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, back.array.shape, strict=True))
    inner = tuple(slice(4, -4) if n > 12 else slice(None) for n in back.array.shape)
    np.testing.assert_allclose(back.array[inner], slope[box][inner], atol=1.1 if "slices" in name else 0.1)


@pytest.mark.parametrize("name", [name for name in FORMS if name != "views"])  # whose random network sees no difference
def test_a_map_is_in_per_cent_of_its_largest_value_on_the_image(name: str) -> None:
    torch.manual_seed(1)
    found = explain(model_of(task_of(name)), image_of(name), request_for(name), "deepshap", np.random.default_rng(0))
    assert np.abs(found.heat.array).max() == 100
    assert found.facts["largest"] > 0


@pytest.mark.parametrize(
    ("depth", "pointing", "stages"),
    [
        (None, 0.0, ("4", "5")),
        (None, 0.3, ("4", "top")),
        (6, 0.0, ("4", "5")),
        (6, 0.3, ("4", "5")),
        (5, 0.3, ("4",)),
        (3, 0.0, ("2",)),
    ],
)
def test_a_stage_that_learnt_to_point_is_asked(depth: int | None, pointing: float, stages: tuple[str, ...]) -> None:
    network = {"name": "efficientnet_lite0", "pretrained": "none", "depth": depth}
    task = task_of("patch of a plane", network=network, training={"pointing": pointing})
    subject = model_of(task).explainable(image_of("patch of a plane"), request_for("patch of a plane")).subjects[0]
    assert tuple(layer.name.split(".")[-1] for layer in subject.layers) == stages


@pytest.mark.parametrize("name", [name for name in FORMS if name != "views"])  # whose tiles would change places
def test_the_maps_of_mirrored_looks_lie_upright(name: str) -> None:
    torch.manual_seed(1)
    # Both looks see the same where the image is its own mirror image, so that their maps mirror each other.
    model, volume = model_of(task_of(name, training={"augmentation": {"flips": ["horizontal"]}})), image_of(name)
    plain, mirrored = model.explainable(volume, request_for(name)).subjects
    even = (plain.inputs + plain.inputs.flip(-1)) / 2

    first, second = (for_and_against(replace(subject, inputs=even)) for subject in (plain, mirrored))

    assert float(first.max()) > 0
    torch.testing.assert_close(second, first.flip(-1), rtol=1e-3, atol=1e-5)


def for_and_against(subject: Subject) -> Tensor:
    return gradcam(subject) + gradcam(replace(subject, target=lambda answer: -subject.target(answer)))


def test_tiles_are_the_views_two_beside_each_other() -> None:
    views = torch.arange(4 * 2 * 3).reshape(4, 2, 3).float()

    picture = tiled(views)

    assert picture.shape == (1, 1, 4, 6)
    torch.testing.assert_close(picture[0, 0, :2, 3:], views[1])
    torch.testing.assert_close(picture[0, 0, 2:, :3], views[2])
    torch.testing.assert_close(untiled(picture, 4, (2, 3))[0], views)


def test_between_slices_the_map_is_interpolated() -> None:
    geometry = Geometry((32, 32, 9), np.diag([1.0, 1.0, 2.0, 1.0]))
    task = task_of("slices", input={"form": "slices", "voxels": 32, "channels": 1, "step_mm": 6})
    places = sample(task, Volume(np.zeros(geometry.shape, dtype=np.float32), geometry), None, None).places

    # Slices 1 (of 0 to 2), 4 and 7 are seen.
    back = restored(places, np.stack([np.full((32, 32), v, np.float32) for v in (0, 3, 9)]), geometry, sliced=True)

    assert back.array[16, 16].tolist() == pytest.approx([0, 0, 1, 2, 3, 5, 7, 9, 9])

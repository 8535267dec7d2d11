from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry, Point
from lesionlab.kinds.detect.images import Found, MarkedImage, StoredImage, stored
from lesionlab.kinds.detect.intensities import CEILING, FLOOR, coded, decoded
from lesionlab.kinds.detect.mining import mistakes
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.slices import as_thick_slices
from tests.detect.bright import SIZE_MM, Bright, balls, detect_task

GEOMETRY = Geometry((70, 60, 60), np.eye(4))
LESION: Point = (20.0, 30.0, 30.0)
DECOY: Point = (52.0, 25.0, 35.0)


def image(marked: tuple[Point, ...] = (LESION,)) -> StoredImage:
    """Two bright balls, of which those marked are lesions."""
    lesions = tuple(Found(point, SIZE_MM) for point in marked)
    return stored(detect_task(), MarkedImage(Path("none"), "a", balls(GEOMETRY, [LESION, DECOY]), lesions))


def test_what_looks_like_a_lesion_and_is_none_is_a_mistake() -> None:
    found = mistakes(detect_task(), Bright(), image())

    assert found.places.shape == (1, 3)
    assert np.linalg.norm(found.places[0] - DECOY) < 1.0


def test_an_image_in_memory_is_off_by_at_most_half_a_code() -> None:
    values = np.linspace(FLOOR, CEILING, 1001, dtype=np.float32)
    assert coded(values).dtype == np.uint8
    assert np.abs(decoded(coded(values).astype(np.float32)) - values).max() <= 2.8 / 255 / 2 + 1e-6


def test_a_lesion_that_is_found_is_no_mistake() -> None:
    assert len(mistakes(detect_task(), Bright(), image((LESION, DECOY))).places) == 0


@pytest.mark.parametrize("looked_through", [0, 3])
def test_before_an_epoch_windows_are_put_around_mistakes(looked_through: int) -> None:
    task = detect_task()
    training = task.training.model_copy(update={"looked_through": looked_through, "hard": 1.0, "batch": 40})
    recipe = DetectRecipe(task.model_copy(update={"training": training}), [image()], [])

    recipe.before_epoch(0, Bright(), np.random.default_rng(0))
    batch = recipe.draw(np.random.default_rng(1))

    without_lesion = batch.heat.amax(dim=(1, 2, 3, 4)) < 0.999
    bright = batch.inputs.amax(dim=(1, 2, 3, 4)) > 0.5
    share = float(bright[without_lesion].float().mean())
    assert without_lesion.sum() >= 8
    assert share == 1.0 if looked_through else share < 1.0


def test_mistakes_of_an_epoch_depend_on_its_random_numbers_alone() -> None:
    task = detect_task()
    batches = []
    for earlier in (0, 2):
        recipe = DetectRecipe(task, [image(), image((DECOY,))], [])
        for epoch in range(earlier):
            recipe.before_epoch(epoch, Bright(), np.random.default_rng(epoch))
        recipe.before_epoch(5, Bright(), np.random.default_rng(9))
        batches.append(recipe.draw(np.random.default_rng(1)))

    assert (batches[0].inputs == batches[1].inputs).all()


def test_thick_slices_average_slabs_and_are_interpolated_between_their_middles() -> None:
    # Slabs of two samples: means 1 and 5, in the middle between their samples.
    assert as_thick_slices(np.array([0, 2, 4, 6], dtype=np.float32), 2.0, 0.0) == pytest.approx([1, 2, 4, 5])


def test_a_slab_that_begins_before_the_window_averages_what_lies_inside() -> None:
    # Half a slab of two samples lies outside: slabs {0}, {1, 2}, {3}.
    assert as_thick_slices(np.array([8, 2, 4, 6], dtype=np.float32), 2.0, 0.5) == pytest.approx(
        [8, 3 + (8 - 3) / 3, 3 + 3 / 3, 6]
    )


def test_constant_values_stay_whatever_the_slices() -> None:
    values = np.full((3, 4, 17), 2.5, dtype=np.float32)

    assert as_thick_slices(values, 3.7, 0.3) == pytest.approx(values)

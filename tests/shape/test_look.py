"""A look at an unlabelled lesion, with the shipped weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Look
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.store.cases import Case
from tests.shape.oracle import ball_volume, shape_task

GEOMETRY = Geometry((48, 48, 48), np.eye(4))
CENTER = (24.0, 24.0, 24.0)


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return ShapeModel.load(shape_task())


def seen(model: ShapeModel, volume: Volume) -> Look:
    case = Case(Path("a.nii.gz"), None, "a", point_mm=CENTER, size_mm=16.0)
    found = kind_of(shape_task()).look(shape_task(), model, case, volume)
    assert found is not None
    return found


def test_the_uncertainty_is_the_dice_expected_to_be_missing(model: ShapeModel) -> None:
    ball = ball_volume(GEOMETRY, CENTER, (8.0, 8.0, 8.0))
    result = model.predict(ball, ShapeRequest(point_mm=CENTER, size_mm=16.0))
    assert seen(model, ball).uncertainty == pytest.approx(1 - result.certainty)


def test_a_lesion_lost_in_noise_is_less_sure_than_a_clear_one_and_looks_different(model: ShapeModel) -> None:
    ball = ball_volume(GEOMETRY, CENTER, (8.0, 8.0, 8.0))
    noise = np.random.default_rng(0).normal(0, 5 * np.ptp(ball.array), ball.array.shape).astype(np.float32)
    clear, lost = seen(model, ball), seen(model, Volume(ball.array + noise, GEOMETRY))
    assert lost.uncertainty > clear.uncertainty
    assert clear.features.shape == (160,)
    again = seen(model, ball)
    assert np.array_equal(clear.features, again.features)
    assert np.linalg.norm(clear.features - lost.features) > 0.1


def test_without_a_point_there_is_nothing_to_look_at(model: ShapeModel) -> None:
    case = Case(Path("a.nii.gz"), None, "a")
    assert kind_of(shape_task()).look(shape_task(), model, case, Volume.zeros(GEOMETRY)) is None

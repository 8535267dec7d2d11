"""A look at an unlabelled image by a detector, and how far two answers lie apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.look import candidates_apart, look, undecided
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.detect.weights import DetectWeights, build_network
from lesionlab.store.cases import Case
from tests.detect.bright import Bright, balls, detect_task

GEOMETRY = Geometry((40, 40, 40), np.eye(4))
HERE: Point = (20.0, 20.0, 20.0)


class Seeing(Bright):
    """Bright, with a deepest layer: the mean of its input at two scales."""

    def __init__(self) -> None:
        super().__init__()
        self.down = torch.nn.ModuleList([torch.nn.AvgPool3d(2), torch.nn.AvgPool3d(4)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.down:
            layer(x)
        return super().forward(x)


def model(operating_point: float) -> DetectModel:
    network = Seeing()
    return DetectModel(detect_task(), DetectWeights(network, (Calibrated(None, operating_point),), "bright"))  # type: ignore[arg-type]


def image(brightness: float) -> Volume:
    ball = balls(GEOMETRY, [HERE], 8.0)
    return Volume((ball.array * brightness).astype(np.float32), GEOMETRY)


def test_undecided_is_one_at_the_operating_point_and_zero_where_all_is_clear() -> None:
    assert [undecided(p, 0.4) for p in (0.0, 0.2, 0.4, 0.7, 1.0)] == pytest.approx([0, 0.5, 1, 0.5, 0])
    assert undecided(1.0, 1.0) == 1


def test_a_candidate_at_the_operating_point_is_the_least_sure() -> None:
    seen = image(0.35)
    confidence = model(0.5).predict(seen, DetectRequest(confidence=0.0)).candidates[0].confidence
    assert 0.1 < confidence < 0.99
    found = [look(model(point), seen).uncertainty for point in (confidence, confidence / 2, 0.999)]
    assert found[0] == pytest.approx(1)
    assert found[1] == pytest.approx((1 - confidence) / (1 - confidence / 2))
    assert found[2] == pytest.approx(confidence / 0.999)


def test_an_empty_image_is_no_question_whatever_its_size() -> None:
    for edge in (40, 70):
        empty = Volume(np.zeros((edge,) * 3, np.float32), Geometry((edge,) * 3, np.eye(4)))
        seen = look(model(0.5), empty)
        assert seen.uncertainty == 0
        assert seen.features.shape == (1,)


def test_features_are_those_at_the_strongest_candidate() -> None:
    bright, faint = look(model(0.5), image(1.0)), look(model(0.5), image(0.35))
    assert bright.features[0] > faint.features[0]
    # Moved to where it lies deep in a larger image, the same ball looks the same.
    wide = Geometry((90, 60, 60), np.eye(4))
    moved = balls(wide, [(60.0, 30.0, 30.0)], 8.0)
    again = look(model(0.5), moved)
    assert again.features == pytest.approx(bright.features, abs=0.03)


def test_the_kind_looks_at_any_image_with_its_own_network() -> None:
    task = detect_task()
    torch.manual_seed(0)
    ours = DetectModel(task, DetectWeights(build_network(task), (Calibrated(None, 0.5),), "random"))
    kind = kind_of(task)
    found = kind.look(task, ours, Case(Path("a.nii"), None, "a"), image(1.0))
    assert kind.looks_at == "image"
    assert found is not None
    assert found.features.shape == (16,)
    assert 0 <= found.uncertainty <= 1
    assert found.result is not None
    assert kind.apart(found.result, found.result) == 0


def answer(*candidates: Candidate) -> DetectResult:
    return DetectResult(candidates, (0.5,), "v")


def test_answers_differ_as_their_most_disputed_candidate_does() -> None:
    a = answer(Candidate((0, 0, 0), 10, 0.9), Candidate((50, 0, 0), 10, 0.3))
    near = answer(Candidate((3, 0, 0), 10, 0.7), Candidate((50, 0, 0), 10, 0.25))
    assert candidates_apart(a, near) == candidates_apart(near, a) == pytest.approx(0.2)
    elsewhere = answer(Candidate((9, 0, 0), 10, 0.9), Candidate((50, 0, 0), 10, 0.3))
    assert candidates_apart(a, elsewhere) == pytest.approx(0.9)
    assert candidates_apart(a, answer()) == pytest.approx(0.9)
    other_class = answer(Candidate((0, 0, 0), 10, 0.9, 1), Candidate((50, 0, 0), 10, 0.3))
    assert candidates_apart(a, other_class) == pytest.approx(0.9)
    assert candidates_apart(answer(), answer()) == 0

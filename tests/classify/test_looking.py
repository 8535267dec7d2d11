from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds import kind_of
from lesionlab.kinds.classify.result import ClassifyResult
from lesionlab.store.cases import Case
from tests.classify.blobs import classify_task
from tests.classify.forms import image_of, model_of, task_of


def result(striped: float) -> ClassifyResult:
    return ClassifyResult({"plain": 1 - striped, "striped": striped}, "plain", False, 0.5, "v1")


def test_answers_lie_as_far_apart_as_their_probabilities() -> None:
    kind = kind_of(classify_task())

    assert kind.apart(result(0.2), result(0.2)) == 0
    assert kind.apart(result(0.2), result(0.5)) == pytest.approx(0.3)
    assert kind.apart(result(0.0), result(1.0)) == 1


def test_a_look_at_an_image_says_how_even_the_classes_are_and_what_would_be_answered() -> None:
    task = task_of("image")
    model, volume = model_of(task), image_of("image")

    found = kind_of(task).look(task, model, Case(image=None, mask=None, patient="p"), volume)  # type: ignore[arg-type]

    assert found is not None
    assert isinstance(found.result, ClassifyResult)
    p = np.array(list(found.result.scores.values()))
    assert found.uncertainty == pytest.approx(float(-(p * np.log2(p)).sum()), abs=1e-6)
    assert found.features.shape == (1280,)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.kinds import kind_of
from lesionlab.kinds.classify.evaluation import Answered, _at_point, _calibration, _confusion
from lesionlab.kinds.classify.scoring import separation
from lesionlab.kinds.exhibits import Matrix, Plot, Table
from tests.classify.blobs import classify_task

TASK = classify_task()


def scores_of(probabilities: list[float], truth: list[int]) -> dict[str, Any]:
    """What ``evaluate`` writes of cases with these probabilities of ``striped``, chosen from 0.5 on."""
    chances = np.array([[1 - p, p] for p in probabilities])
    classes = np.array(truth)
    chosen = (chances[:, 1] >= 0.5).astype(np.int64)
    found = Answered((), chances, classes, chosen, np.zeros(len(truth), dtype=bool))
    return {
        "auc": separation(chances, classes),
        "auc_interval_95": [0.1, 0.9],
        "accuracy": float((chosen == classes).mean()),
        "abstained": 0.0,
        "accuracy_without_abstained": 1.0,
        "operating_point": 0.5,
        "at_operating_point": _at_point(chosen == 1, classes == 1),
        **_calibration(TASK, found),
        "confusion": _confusion(TASK, found),
        "cases": [
            {
                "image": f"{n}.png", "patient": f"p{n}", "truth": TASK.classes[t], "label": TASK.classes[c],
                "abstained": False, "scores": {"plain": 1 - p, "striped": p},
            }
            for n, (p, t, c) in enumerate(zip(probabilities, truth, chosen, strict=True))
        ],
    }  # fmt: skip


FIRST = scores_of([0.9, 0.8, 0.4, 0.6, 0.2, 0.1], [1, 1, 1, 0, 0, 0])


def test_the_figures_are_those_of_the_confusion() -> None:
    point = FIRST["at_operating_point"]

    assert FIRST["confusion"] == {"plain": {"plain": 2, "striped": 1}, "striped": {"plain": 1, "striped": 2}}
    for name in ("sensitivity", "specificity", "precision", "accuracy", "f1"):
        assert point[name] == pytest.approx(2 / 3)
    # Eight of nine pairs are in order.
    assert FIRST["auc"] == pytest.approx(8 / 9)
    # Squares of both classes: 2 (0.01 + 0.04 + 0.36 + 0.36 + 0.04 + 0.01) / 6.
    assert FIRST["brier"] == pytest.approx(0.82 / 3)


def test_the_area_is_the_chance_that_a_pair_is_in_order_and_ties_count_half() -> None:
    chances = np.array([0.2, 0.5, 0.5, 0.9])

    assert separation(np.stack([1 - chances, chances], axis=1), np.array([0, 0, 1, 1])) == pytest.approx(3.5 / 4)


def test_of_three_classes_the_area_is_the_mean_of_each_against_the_rest() -> None:
    chances = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.3, 0.6, 0.1]])

    # First class: in order. Second: 0.5 against 0.1 and 0.6, one of two. Third: 0.1 against 0.1 and 0.3, a half of two.
    assert separation(chances, np.array([0, 1, 2])) == pytest.approx((1 + 0.5 + 0.25) / 3)


def test_people_see_the_curve_the_figures_the_reliability_the_confusion_and_every_case() -> None:
    shown = kind_of(TASK).exhibits(TASK, FIRST)

    assert [type(one) for one in shown] == [Plot, Table, Plot, Matrix, Table]
    roc, figures = shown[0], shown[1]
    assert isinstance(roc, Plot)
    assert isinstance(figures, Table)
    assert roc.curves[1].x == pytest.approx((1 / 3,))
    assert roc.curves[1].y == pytest.approx((2 / 3,))
    assert {row[0] for row in figures.rows} >= {"sensitivity", "specificity", "precision", "F1"}
    assert kind_of(TASK).headline(TASK, FIRST).value == pytest.approx(8 / 9)


def test_two_models_are_compared_on_the_same_cases_alone() -> None:
    other = scores_of([0.9, 0.3, 0.4, 0.6, 0.2, 0.1], [1, 1, 1, 0, 0, 0])

    area, accuracy = kind_of(TASK).differences(TASK, FIRST, other)

    assert area.difference == pytest.approx(8 / 9 - 7 / 9)
    assert accuracy.difference == pytest.approx(1 / 6)
    assert area.low <= area.difference <= area.high
    with pytest.raises(InputError, match="same cases"):
        kind_of(TASK).differences(TASK, FIRST, scores_of([0.9, 0.1], [1, 0]))

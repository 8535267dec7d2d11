from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionlab.kinds.classify.reading import Reading, fit_reading, operating_point
from lesionlab.kinds.classify.task import DecisionSettings


def drawn(cases: int, temperature: float, offset: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose true probabilities are those of the logits over ``temperature``, with ``offset`` for the second class."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 2 * temperature, cases)
    truth = rng.random(cases) < 1 / (1 + np.exp(-(odds / temperature + offset)))
    return np.stack([-odds / 2, odds / 2], axis=1), truth.astype(np.int64)


def test_an_over_confident_network_is_cooled_by_its_own_factor() -> None:
    logits, truth = drawn(8_000, temperature=3.0, offset=-0.7)

    found = fit_reading(logits, truth, 1, DecisionSettings())

    assert found.temperature == pytest.approx(3.0, rel=0.08)
    assert found.offsets == pytest.approx((0.0, -0.7), abs=0.08)


@given(st.lists(st.floats(-30, 30), min_size=12, max_size=40), st.integers(0, 2**20))
def test_calibration_keeps_the_order_of_the_cases(odds: list[float], seed: int) -> None:
    values = np.asarray(odds)
    truth = np.random.default_rng(seed).permutation(np.arange(len(values)) % 2)

    found = fit_reading(np.stack([0 * values, values], axis=1), truth, 1, DecisionSettings())

    scores = found.probabilities(np.stack([0 * values, values], axis=1))[:, 1]
    ordered = scores[np.argsort(values, kind="stable")]
    assert (np.diff(ordered) >= 0).all()


def test_too_few_cases_leave_the_softmax_as_it_is() -> None:
    found = fit_reading(np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([1, 0]), 1, DecisionSettings())

    assert found == Reading(operating_point=0.5)
    assert found.probabilities(np.array([[0.0, np.log(3.0)]])).tolist() == [pytest.approx([0.25, 0.75])]


def test_the_operating_point_finds_the_wanted_share_and_lies_between_two_scores() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    present = np.array([0, 0, 1, 0, 1, 0, 1, 1], dtype=bool)

    # Three of the four are at 0.5 and above; all four need 0.3. Youden: at 0.7 (2/4 + 4/4), at 0.5 and 0.3 as high: the lowest.
    assert operating_point(scores, present, DecisionSettings(sensitivity=0.75)) == pytest.approx(0.45)
    assert operating_point(scores, present, DecisionSettings(sensitivity=0.95)) == pytest.approx(0.25)
    assert operating_point(scores, present, DecisionSettings()) == pytest.approx(0.25)


def test_the_cases_nearest_to_the_operating_point_are_left_to_the_reader() -> None:
    logits, truth = drawn(400, temperature=1.0)

    found = fit_reading(logits, truth, 1, DecisionSettings(abstain=0.2))

    chances = found.probabilities(logits)
    unsure = found.certainty(chances, 1) < found.band
    assert unsure.mean() == pytest.approx(0.2, abs=0.01)
    right = found.chosen(chances, 1) == truth
    assert right[~unsure].mean() > right[unsure].mean() + 0.1


def test_of_three_classes_the_likeliest_is_chosen_and_its_lead_is_the_certainty() -> None:
    reading = Reading()
    chances = np.array([[0.5, 0.25, 0.25], [0.1, 0.6, 0.3]])

    assert reading.chosen(chances, None).tolist() == [0, 1]
    assert reading.certainty(chances, None) == pytest.approx([np.log(2), np.log(2)])


def test_the_turning_point_is_the_raw_log_odds_at_which_the_answer_turns() -> None:
    reading = Reading(temperature=2.0, offsets=(0.0, 0.5), operating_point=0.8)

    z = reading.turning_point(1)

    assert z == pytest.approx(2 * (np.log(4) - 0.5))
    assert reading.probabilities(np.array([[0.0, z]]))[0, 1] == pytest.approx(0.8)

"""Net reclassification and the four regions, by numbers worked out by hand and by laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionlab.errors import InputError
from lesionlab.metrics.reclassification import Region, discordance_p, net_reclassification, percentiles, regions

# Ten with the disease: five move up, two down. Twenty without: six move down, two up.
DISEASED = np.arange(30) < 10
FIRST = np.ones(30)
SECOND = np.ones(30)
SECOND[:5], SECOND[5:7], SECOND[10:16], SECOND[16:18] = 2, 0, 0, 2


def test_net_reclassification_by_hand() -> None:
    found = net_reclassification(DISEASED, FIRST, SECOND)

    assert (found.diseased, found.healthy) == pytest.approx((0.3, 0.2))
    # Pencina 2011: variance (0.7 - 0.3^2) / 10 + (0.4 - 0.2^2) / 20 = 0.079.
    error = math.sqrt(0.079)
    assert (found.total.value, found.total.low) == pytest.approx((0.5, 0.5 - 1.959964 * error))
    assert found.total.p == pytest.approx(0.07525, abs=1e-4)


def test_for_two_categories_it_is_the_gain_in_sensitivity_plus_that_in_specificity() -> None:
    rng = np.random.default_rng(1)
    diseased, first, second = rng.random((3, 50)) < 0.5

    found = net_reclassification(diseased, first.astype(float), second.astype(float))

    assert found.diseased == pytest.approx(second[diseased].mean() - first[diseased].mean())
    assert found.healthy == pytest.approx(first[~diseased].mean() - second[~diseased].mean())


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=30))
def test_going_back_undoes_going_there(pairs: list[tuple[int, int]]) -> None:
    diseased = np.arange(len(pairs)) % 2 == 0
    first, second = np.array(pairs, dtype=float).T

    there, back = net_reclassification(diseased, first, second), net_reclassification(diseased, second, first)

    assert (there.diseased, there.healthy, there.total.p) == pytest.approx(
        (-back.diseased, -back.healthy, back.total.p)
    )
    assert -2 <= there.total.value <= 2


def test_copies_of_a_patients_cases_tell_no_more() -> None:
    patients = np.repeat([f"p{i}" for i in range(30)], 4).tolist()
    once = net_reclassification(DISEASED, FIRST, SECOND).total
    copied = net_reclassification(*(np.repeat(x, 4) for x in (DISEASED, FIRST, SECOND)), patients).total
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="30 cases of one class"):
        net_reclassification(np.ones(30, dtype=bool), FIRST, SECOND)


def test_percentiles_depend_on_the_order_alone() -> None:
    scores = np.array([3.0, 1.0, 2.0, 2.0])
    assert percentiles(scores).tolist() == [0.875, 0.125, 0.5, 0.5]
    assert percentiles(np.exp(scores)).tolist() == percentiles(scores).tolist()


def test_every_case_lies_in_the_region_that_says_who_is_right() -> None:
    diseased = np.array([True, True, True, True, False, False])
    model = np.array([True, True, False, False, False, True])
    reader = np.array([True, False, True, False, True, True])

    found = {region: cases.tolist() for region, cases in regions(diseased, model, reader).items()}

    assert found == {
        Region.BOTH_RIGHT: [0],
        Region.MODEL_RIGHT: [1, 4],
        Region.READER_RIGHT: [2],
        Region.BOTH_WRONG: [3, 5],
    }


def test_mcnemars_exact_test_by_hand() -> None:
    # Of six discordant cases five are the first one's: 2 x (6 + 1) / 64.
    assert discordance_p(5, 1) == pytest.approx(14 / 64)
    assert (discordance_p(3, 3), discordance_p(0, 0)) == (1, 1)

"""Several readers: a published study's figures, numbers worked out by hand, and laws."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.metrics.readers import compare_ways, model_against_readers, readers_fixed, readers_random
from lesionlab.metrics.roc import auc, compare_aucs

# Van Dyke et al. 1993 (spin-echo against cine MRI for aortic dissection; 5 readers, 114 patients), the usual worked example.
FIRST = np.array([0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066])
SECOND = np.array([0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169])
COV1, COV2, COV3, VAR = 0.00034661371, 0.00034407483, 0.00023902837, 0.00080228827


def readings(rng: np.random.Generator, readers: int = 4, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    diseased = np.arange(n) % 2 == 0
    case = rng.normal(0, 1, n) + diseased
    return diseased, case + rng.normal(0, 1, (readers, n))


def test_the_usual_worked_example_comes_out_as_published() -> None:
    covariance = np.full((5, 5), 2 * (COV2 - COV3))
    np.fill_diagonal(covariance, 2 * (VAR - COV1))

    found = readers_random(FIRST - SECOND, covariance)

    # Obuchowski-Rockette with Hillis's degrees of freedom: t = -2.1110 with 15.26 degrees of freedom.
    assert found.value == pytest.approx(-0.043800322, abs=1e-8)
    assert (found.low, found.high) == pytest.approx((-0.087959499, 0.00035885444), abs=1e-8)
    assert found.p == pytest.approx(0.051665686, abs=1e-7)


def test_for_these_readers_alone_only_the_cases_are_in_doubt() -> None:
    # Two readers: the mean difference 0.2 has variance (0.01 + 0.03 + 2 x 0.005) / 4 = 0.0125, z = 1.7889.
    found = readers_fixed(np.array([0.1, 0.3]), np.array([[0.01, 0.005], [0.005, 0.03]]))
    assert found.value == pytest.approx(0.2)
    assert found.high - found.value == pytest.approx(1.959964 * 0.0125**0.5, rel=1e-6)
    assert found.p == pytest.approx(0.07364, abs=1e-5)


def test_a_negative_covariance_between_readers_does_not_make_the_answer_surer() -> None:
    differences = np.array([0.1, 0.2, 0.3])
    negative = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]) * 1e-3

    assert readers_random(differences, negative) == readers_random(differences, np.diag([2e-3] * 3))


def test_the_model_is_compared_with_the_mean_of_the_readers() -> None:
    rng = np.random.default_rng(1)
    diseased, readers = readings(rng)
    model = rng.normal(0, 1, 80) + 2 * diseased

    found = model_against_readers(diseased, model, readers)

    assert found.first == pytest.approx(auc(diseased, model))
    assert found.second == pytest.approx(np.mean([auc(diseased, row) for row in readers]))
    assert found.of_all.value == found.of_these.value == pytest.approx(found.first - found.second)


def test_readers_of_unequal_skill_leave_more_doubt_about_readers_in_general() -> None:
    rng = np.random.default_rng(6)
    diseased, readers = readings(rng)
    readers[0] += 3 * diseased
    found = model_against_readers(diseased, rng.normal(0, 1, 80) + diseased, readers)
    assert found.of_all.high - found.of_all.low > 1.5 * (found.of_these.high - found.of_these.low)


def test_readers_who_all_answer_alike_are_one_reader() -> None:
    rng = np.random.default_rng(2)
    diseased, readers = readings(rng, readers=1)
    model = rng.normal(0, 1, 80) + diseased

    found, one = (
        model_against_readers(diseased, model, np.repeat(readers, 3, axis=0)),
        compare_aucs(diseased, model, readers[0]),
    )

    for difference in (found.of_all, found.of_these):
        assert (difference.value, difference.low, difference.p) == pytest.approx((one.value, one.low, one.p))


def test_the_comparison_turns_its_sign_with_its_order() -> None:
    rng = np.random.default_rng(3)
    diseased, first = readings(rng)
    second = first + rng.normal(0, 1, first.shape)

    there, back = compare_ways(diseased, first, second), compare_ways(diseased, second, first)

    assert (there.of_all.value, there.of_all.p) == pytest.approx((-back.of_all.value, back.of_all.p))
    assert (there.of_all.low, there.of_all.high) == pytest.approx((-back.of_all.high, -back.of_all.low))


def test_it_rejects_a_true_hypothesis_about_as_often_as_it_may() -> None:
    rng = np.random.default_rng(4)
    rejected = 0
    for _ in range(300):
        diseased = np.arange(60) % 2 == 0
        case = rng.normal(0, 1, 60) + diseased
        skill = rng.uniform(0.5, 1.5, (2, 5, 1))  # drawn anew for each way of reading: readers differ at random
        first, second = case * skill + rng.normal(0, 1, (2, 5, 60))
        rejected += compare_ways(diseased, first, second).of_all.p < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


@pytest.mark.parametrize(("readers", "diseased"), [(1, [1, 1, 0, 0]), (3, [1, 0, 0, 0])])
def test_too_few_readers_or_cases_are_refused(readers: int, diseased: list[int]) -> None:
    scores = np.random.default_rng(5).normal(0, 1, (readers, 4))
    with pytest.raises(InputError, match=f"{readers} readers, {sum(diseased)} cases with the disease"):
        model_against_readers(np.array(diseased, dtype=bool), scores[0], scores)

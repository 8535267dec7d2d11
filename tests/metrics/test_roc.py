"""ROC analysis: numbers worked out by hand, and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from lesionlab.errors import InputError
from lesionlab.metrics.bootstrap import resampled
from lesionlab.metrics.calibration import brier
from lesionlab.metrics.confusion import Confusion, share_interval
from lesionlab.metrics.roc import areas, auc, auc_interval, compare_aucs, curve, operating_point

# Three with the disease, four without; one tie. Pairs won: 0.9 beats 4, 0.6 beats 3 and ties 1 (3.5), 0.3 beats 1: 8.5 of 12.
DISEASED = np.array([True, True, True, False, False, False, False])
SCORES = np.array([0.9, 0.6, 0.3, 0.6, 0.5, 0.4, 0.1])


def drawn(rng: np.random.Generator, n: int = 60, lift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    diseased = np.arange(n) % 2 == 0
    return diseased, rng.normal(0, 1, n) + lift * diseased


def test_the_area_counts_the_pairs_in_which_the_diseased_case_scores_higher() -> None:
    assert auc(DISEASED, SCORES) == pytest.approx(8.5 / 12)


def test_the_variance_is_delongs() -> None:
    # Shares that each diseased case beats: 1, 3.5/4, 1/4, with mean 17/24: variance 0.16146 (n - 1).
    # Shares that beat each other case: 1.5/3, 2/3, 2/3, 1, with mean 17/24: variance 0.04398.
    with_disease = np.var([1, 3.5 / 4, 1 / 4], ddof=1)
    without = np.var([1.5 / 3, 2 / 3, 2 / 3, 1], ddof=1)

    found = areas(DISEASED, SCORES[None])

    assert found.covariance[0, 0] == pytest.approx(with_disease / 3 + without / 4)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40))
def test_the_area_is_mann_whitneys_u_with_ties(cases: list[tuple[bool, int]]) -> None:
    diseased = np.array([True, False, *(d for d, _ in cases)])
    scores = np.array([3.0, 3.0, *(float(s) for _, s in cases)])

    u = mannwhitneyu(scores[diseased], scores[~diseased]).statistic

    assert auc(diseased, scores) == pytest.approx(u / diseased.sum() / (~diseased).sum())
    assert areas(diseased, scores[None]).values[0] == pytest.approx(auc(diseased, scores))


def test_nothing_changes_when_the_scores_are_stretched_without_changing_their_order() -> None:
    diseased, first = drawn(np.random.default_rng(1))
    second = first + np.random.default_rng(2).normal(0, 1, len(first))

    assert auc_interval(diseased, first) == auc_interval(diseased, np.exp(first))
    plain, stretched = compare_aucs(diseased, first, second), compare_aucs(diseased, first**3, np.exp(second))
    assert (plain.value, plain.p) == pytest.approx((stretched.value, stretched.p))


def test_turning_the_score_around_mirrors_area_and_interval() -> None:
    diseased, scores = drawn(np.random.default_rng(3))

    there, back = auc_interval(diseased, scores), auc_interval(diseased, -scores)

    assert [back.mean, back.low, back.high] == pytest.approx([1 - there.mean, 1 - there.high, 1 - there.low])


def test_the_true_area_lies_within_its_interval_about_as_often_as_promised() -> None:
    rng = np.random.default_rng(4)
    truth = 0.5 * (1 + math.erf(1.0 / 2))  # of two normal distributions one standard deviation apart
    inside = sum(i.low <= truth <= i.high for i in (auc_interval(*drawn(rng)) for _ in range(400)))
    assert 0.92 <= inside / 400 <= 0.98


def test_equal_scores_never_differ_and_the_test_rejects_as_often_as_it_may() -> None:
    rng = np.random.default_rng(5)
    rejected = 0
    for _ in range(400):
        diseased, common = drawn(rng, 80)
        noise = rng.normal(0, 1, (2, 80))
        rejected += compare_aucs(diseased, common + noise[0], common + noise[1]).p < 0.05
    assert 0.02 <= rejected / 400 <= 0.08
    assert compare_aucs(diseased, common, common).p == 1


def test_the_comparison_turns_its_sign_with_its_order() -> None:
    diseased, first = drawn(np.random.default_rng(6))
    second = first + np.random.default_rng(7).normal(0, 1, len(first))

    there, back = compare_aucs(diseased, first, second), compare_aucs(diseased, second, first)

    assert (there.value, there.low, there.high, there.p) == pytest.approx((-back.value, -back.high, -back.low, back.p))


def test_ten_copies_of_each_case_of_a_patient_tell_no_more_than_one() -> None:
    diseased, scores = drawn(np.random.default_rng(8), 40)
    patients = np.repeat([f"p{i}" for i in range(40)], 10).tolist()

    once = auc_interval(diseased, scores)
    copied = auc_interval(np.repeat(diseased, 10), np.repeat(scores, 10), patients)
    as_if_alone = auc_interval(np.repeat(diseased, 10), np.repeat(scores, 10))

    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert as_if_alone.high - as_if_alone.low < 0.5 * (once.high - once.low)


def test_clustered_and_bootstrap_intervals_agree_when_patients_have_both_kinds_of_case() -> None:
    rng = np.random.default_rng(9)
    own = np.repeat(rng.normal(0, 1, 60), 2)
    diseased = np.tile([True, False], 60)
    scores = own + rng.normal(0, 0.5, 120) + 0.7 * diseased
    patients = [f"p{i // 2}" for i in range(120)]

    by_variance = auc_interval(diseased, scores, patients)
    by_resampling = resampled(lambda chosen: auc(diseased[chosen], scores[chosen]), rng, patients, draws=300)

    assert (by_resampling.low, by_resampling.high) == pytest.approx((by_variance.low, by_variance.high), abs=0.03)
    alone = auc_interval(diseased, scores)
    assert by_variance.high - by_variance.low < 0.9 * (alone.high - alone.low)


@pytest.mark.parametrize("n", [4, 40])
def test_perfect_separation_leaves_doubt_that_shrinks_with_the_cases(n: int) -> None:
    diseased = np.arange(n) % 2 == 0

    interval = auc_interval(diseased, diseased.astype(float))

    assert (interval.mean, interval.high) == (1, 1)
    # The area whose variance is as Newcombe has it, and from which 1 lies 1.96 standard errors away.
    area, mean = interval.low, n / 2 - 1
    variance = area * (1 - area) * (1 + mean * (1 - area) / (2 - area) + mean * area / (1 + area)) / (n / 2) ** 2
    assert 1 - area == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-5)


def test_a_constant_score_has_an_area_of_one_half_and_a_wide_interval() -> None:
    interval = auc_interval(DISEASED, np.ones(7))
    assert interval.mean == 0.5
    assert interval.low < 0.25
    assert interval.high > 0.75


def test_a_single_diseased_case_still_gets_an_interval_but_no_comparison() -> None:
    diseased = np.array([True, False, False, False])
    scores = np.array([0.7, 0.8, 0.2, 0.1])

    assert auc_interval(diseased, scores).low < 2 / 3 < auc_interval(diseased, scores).high
    with pytest.raises(InputError, match="too few patients"):
        compare_aucs(diseased, scores, -scores)


def test_the_curve_runs_from_nobody_to_everybody_through_every_level() -> None:
    points = [(p.threshold, p.sensitivity, p.specificity) for p in curve(DISEASED, SCORES)]
    assert points[0] == (math.inf, 0, 1)
    assert points[2] == pytest.approx((0.6, 2 / 3, 3 / 4))
    assert points[-1] == pytest.approx((0.1, 1, 0))
    assert len(points) == 7


def test_the_operating_point_is_the_strictest_that_reaches_the_sensitivity() -> None:
    assert operating_point(DISEASED, SCORES, 0.6).threshold == 0.6
    assert operating_point(DISEASED, SCORES, 0.7).threshold == 0.3
    assert operating_point(DISEASED, SCORES, 2 / 3).specificity == pytest.approx(3 / 4)
    with pytest.raises(InputError, match="sensitivity"):
        operating_point(DISEASED, SCORES, 1.2)


@pytest.mark.parametrize(
    ("diseased", "scores", "words"),
    [
        ([True, True], [0.1, 0.2], "2 cases, all with the disease"),
        ([False, False], [0.1, 0.2], "2 cases, all without the disease"),
        ([], [], "no case"),
        ([True, False], [0.1, math.nan], "not finite"),
        ([True, False], [0.1], "differ in number"),
    ],
)
def test_what_has_no_curve_says_why(diseased: list[bool], scores: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        auc_interval(np.array(diseased, dtype=bool), np.array(scores, dtype=float))


def test_the_confusion_counts_and_its_rates() -> None:
    table = Confusion.at(DISEASED, SCORES, 0.5)
    assert table == Confusion(true_positives=2, false_positives=2, true_negatives=2, false_negatives=1)
    assert (table.sensitivity, table.specificity, table.precision) == (2 / 3, 1 / 2, 1 / 2)
    assert (table.negative_predictive_value, table.accuracy, table.f1) == (2 / 3, 4 / 7, 4 / 7)


def test_a_rate_of_nothing_is_none() -> None:
    table = Confusion.at(DISEASED, SCORES, 2.0)
    assert (table.precision, table.sensitivity, table.f1) == (None, 0, 0)
    assert Confusion(0, 0, 3, 0).f1 is None


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263: 0.2553 to 0.3662; 15 of 148: 0.0624 to 0.1605; 0 of 20: 0 to 0.1611.
    for hits, cases, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        interval = share_interval(hits, cases)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_brier_is_the_mean_squared_gap() -> None:
    assert brier(np.array([0.8, 0.4]), np.array([True, False])) == pytest.approx((0.04 + 0.16) / 2)
    assert brier(np.full(10, 0.5), np.arange(10) < 3) == 0.25


def test_a_bootstrap_of_a_mean_is_the_one_of_means_and_undefined_figures_are_refused() -> None:
    values = np.random.default_rng(10).normal(0, 1, 50)
    names = [str(i // 5) for i in range(50)]

    interval = resampled(lambda chosen: float(values[chosen].mean()), np.random.default_rng(0), names)

    assert interval.low < values.mean() == pytest.approx(interval.mean)
    assert interval.mean < interval.high
    with pytest.raises(InputError, match="too few cases"):
        resampled(lambda chosen: math.nan, np.random.default_rng(0), names, draws=10)

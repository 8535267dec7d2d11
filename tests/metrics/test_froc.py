from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionlab.metrics.froc import (
    RATES,
    ImageMarks,
    Mark,
    Target,
    compare,
    competition_metric,
    curve,
    intervals,
    operating_point,
    sensitivities,
    sensitivity_at,
)

# Two images, three lesions: found at 0.9 and 0.4, one never; false marks at 0.7, 0.3 and 0.2.
IMAGES = [
    ImageMarks(np.array([0.9, -np.inf]), np.array([0.7, 0.2])),
    ImageMarks(np.array([0.4]), np.array([0.3])),
]


#: Few levels, so that confidences tie.
LEVELS = st.sampled_from([-np.inf, 0.1, 0.2, 0.5, 0.9])


def test_a_mark_counts_for_the_nearest_lesion_within_reach() -> None:
    targets = [Target((0, 0, 0), 5.0), Target((6, 0, 0), 5.0)]
    marks = [Mark((2.5, 0, 0), 0.6), Mark((4, 0, 0), 0.8), Mark((6, 4.9, 0), 0.9), Mark((6, 5.1, 0), 0.3)]

    compared = compare(marks, targets)

    assert compared.found.tolist() == [0.6, 0.9]
    assert compared.false.tolist() == [0.3]


def test_an_image_without_lesions_gives_false_marks_only() -> None:
    compared = compare([Mark((1, 2, 3), 0.5)], [])

    assert len(compared.found) == 0
    assert compared.false.tolist() == [0.5]


def test_the_curve_of_a_case_worked_out_by_hand() -> None:
    points = [(p.confidence, p.sensitivity, p.false_positives) for p in curve(IMAGES)]

    third = pytest.approx(1 / 3)
    assert points == [
        (0.9, third, 0.0),
        (0.7, third, 0.5),
        (0.4, pytest.approx(2 / 3), 0.5),
        (0.3, pytest.approx(2 / 3), 1.0),
        (0.2, pytest.approx(2 / 3), 1.5),
    ]


def test_sensitivity_at_a_rate_and_the_mean_over_the_rates() -> None:
    assert sensitivity_at(IMAGES, 0.25) == pytest.approx(1 / 3)
    assert sensitivity_at(IMAGES, 0.5) == pytest.approx(2 / 3)
    assert competition_metric(IMAGES) == pytest.approx((2 * (1 / 3) + 5 * (2 / 3)) / 7)


def test_the_operating_point_is_the_strictest_of_the_most_sensitive() -> None:
    point = operating_point(IMAGES, 1.5)

    assert point.confidence == 0.4
    assert point.false_positives == 0.5


def test_without_any_mark_nothing_is_found() -> None:
    nothing = [ImageMarks(np.array([-np.inf]), np.empty(0))]

    assert competition_metric(nothing) == 0.0
    assert operating_point(nothing, 1.0).sensitivity == 0.0


@st.composite
def images(draw: st.DrawFn) -> list[ImageMarks]:
    confidence = st.floats(0, 1, width=32)
    one = st.builds(
        lambda found, missed, false: ImageMarks(np.array([*found, *[-np.inf] * missed]), np.array(false)),
        st.lists(confidence, max_size=4),
        st.integers(0, 2),
        st.lists(confidence, max_size=5),
    )
    return draw(st.lists(one, min_size=1, max_size=5))


@given(images())
def test_sensitivity_never_falls_along_the_curve(found: list[ImageMarks]) -> None:
    points = curve(found)

    assert all(a.sensitivity <= b.sensitivity for a, b in itertools.pairwise(points))
    assert all(a.false_positives <= b.false_positives for a, b in itertools.pairwise(points))
    values = sensitivities(found, RATES)
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


def test_intervals_hold_the_value_and_are_the_same_for_the_same_seed() -> None:
    many = IMAGES * 10
    bounds = intervals(many, RATES, np.random.default_rng(3), draws=200)

    assert bounds == intervals(many, RATES, np.random.default_rng(3), draws=200)
    for (low, high), value in zip(bounds, [*sensitivities(many, RATES), competition_metric(many)], strict=True):
        assert low <= value <= high


@given(
    st.lists(
        st.tuples(st.lists(LEVELS, max_size=4), st.lists(LEVELS.filter(np.isfinite), max_size=6)),
        min_size=1,
        max_size=6,
    )
)
def test_the_sensitivity_at_a_rate_is_the_best_point_of_the_curve_within_it(
    rows: list[tuple[list[float], list[float]]],
) -> None:
    images = [ImageMarks(np.array(found), np.array(false)) for found, false in rows]
    points = curve(images)
    for rate, value in zip(RATES, sensitivities(images, RATES), strict=True):
        assert value == max((p.sensitivity for p in points if p.false_positives <= rate + 1e-9), default=0.0)

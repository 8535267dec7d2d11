"""Readers with the model against themselves without it: figures worked out by hand, and laws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lesionlab.kinds.exhibits import Rating
from lesionlab.metrics.roc import Difference
from lesionlab.studies.aided import AidedStudy, Changed, Following, LeftOut, study_aided
from lesionlab.studies.readings import Readings
from tests.studies.readers_example import ANNA, ANNA_AIDED, RATINGS, reader

# Calls nothing without the model and everything right with it.
BERT = (reader("Bert", 0, 0, 0, 0, 0, 0, 0, 0), reader("Bert", 1, 1, 1, 1, 0, 0, 0, 0, aided=True))


def study(*readings: Readings, ratings: tuple[Rating, ...] = RATINGS) -> AidedStudy:
    found = study_aided(ratings, readings, 0.5)
    assert found is not None
    return found


def simulated(seed: int, readers: int = 3, n: int = 60) -> tuple[tuple[Rating, ...], list[Readings]]:
    """Readers who move towards the model's score once they see it."""
    rng = np.random.default_rng(seed)
    diseased = np.arange(n) % 2 == 0
    model = 1 / (1 + np.exp(-rng.normal(0, 1, n) - 1.5 * diseased + 0.7))
    ratings = tuple(
        Rating(f"{i}", f"p{i // 2}", bool(diseased[i]), float(model[i]), bool(model[i] >= 0.5)) for i in range(n)
    )
    readings = []
    for name in "ABCDE"[:readers]:
        before = 1 / (1 + np.exp(-rng.normal(0, 1, n) - diseased + 0.5))
        after = np.clip((before + model) / 2 + rng.normal(0, 0.1, n), 0, 1)
        readings.append(Readings(name, {f"{i}": float(score) for i, score in enumerate(before)}))
        readings.append(Readings(name, {f"{i}": float(score) for i, score in enumerate(after)}, aided=True))
    return ratings, readings


def test_one_reader_with_and_without_the_model() -> None:
    anna = study(ANNA, ANNA_AIDED).readers[0]

    assert (anna.reader, anna.images) == ("Anna", 8)
    assert (anna.unaided.sensitivity, anna.unaided.specificity) == (0.5, 0.5)
    assert (anna.aided.sensitivity, anna.aided.specificity) == (0.75, 0.5)
    # Of yes and no the area is the mean of sensitivity and specificity.
    assert (anna.unaided_auc.mean, anna.aided_auc.mean) == pytest.approx((0.5, 0.625))
    assert anna.auc is not None
    assert anna.auc.value == pytest.approx(0.125)
    # Right calls change by 0, 1, 1, -1 of the diseased (variance 2.75 / 3) and by 1, 0, -1, 0 of the healthy (2 / 3).
    error = math.sqrt((2.75 / 3 + 2 / 3) / 4) / 2
    assert anna.auc.high - anna.auc.value == pytest.approx(1.959964 * error, rel=1e-6)
    # Diseased: two move up, one down, of four; healthy: one each.
    assert (anna.categories.diseased, anna.categories.healthy) == (0.25, 0)
    assert anna.scores == anna.categories


def test_the_reader_followed_right_and_wrong_answers_of_the_model() -> None:
    assert study(ANNA, ANNA_AIDED).readers[0].following == Following(
        helped=Changed(2, 3),  # 1 and 2; a false alarm remains at 5, where the model gave none
        misled=Changed(1, 1),  # 3
        recovered=Changed(1, 1),  # 4, a false alarm of both
        strayed=Changed(1, 3),  # 6, of 0, 6 and 7
    )


def test_mcnemars_test_counts_the_calls_that_became_right_and_those_that_became_wrong() -> None:
    bert = study(*BERT).readers[0]
    # All four diseased are found only with the model: 2 / 2^4. No call of the others changes.
    assert (bert.sensitivity_p, bert.specificity_p) == (0.125, 1)


def test_two_readers_speak_for_readers_in_general() -> None:
    found = study(ANNA, *BERT, ANNA_AIDED)

    assert (found.common, found.left_out) == (8, ())
    assert found.together is not None
    # Anna gains 0.125 and Bert 0.5. Bert gains the same at each diseased case, so the two do not vary together over cases:
    # the variance is that between readers, 0.375^2 / 2, over 2, and Hillis's degrees of freedom are 1: Cauchy's law.
    assert (found.together.first, found.together.second) == pytest.approx((0.8125, 0.5))
    assert found.together.of_all.value == pytest.approx(0.3125)
    assert found.together.of_all.p == pytest.approx(1 - 2 / math.pi * math.atan(0.3125 / 0.1875))


def test_only_images_that_were_read_both_ways_count() -> None:
    part = reader("Bert", None, 1, 1, 0, 0, 0, 0, None, aided=True)

    found = study(ANNA, BERT[0], ANNA_AIDED, part)

    assert [one.images for one in found.readers] == [8, 6]
    assert found.common == 6
    assert found.readers[1].aided.sensitivity == pytest.approx(2 / 3)


def test_who_cannot_be_compared_is_left_out_by_name() -> None:
    never, one_class = reader("Cora", 1, 0, 1, 0, 1, 0, aided=True), reader("Dan", 1, 1, 1, aided=True)

    found = study(ANNA, reader("Dan", *[1] * 8), ANNA_AIDED, never, one_class)

    assert found.left_out == (LeftOut("Cora", 0, 0), LeftOut("Dan", 3, 0))
    assert [one.reader for one in found.readers] == ["Anna"]
    assert (found.common, found.together) == (8, None)


def test_readers_without_enough_patients_in_common_are_not_taken_together() -> None:
    left, right = (
        reader("Bert", 1, 0, None, None, 1, 0, aided=True),
        reader("Anna", 0, None, 1, 1, 0, None, 0, aided=True),
    )

    found = study(ANNA, BERT[0], left, right)

    assert [one.images for one in found.readers] == [4, 5]
    assert (found.common, found.together) == (2, None)  # 0 and 4


def test_nobody_read_with_the_model() -> None:
    assert study_aided(RATINGS, [ANNA, BERT[0]], 0.5) is None


def test_swapping_with_and_without_negates_every_difference() -> None:
    ratings, readings = simulated(1)

    there = study(*readings, ratings=ratings)
    back = study(*(replace(one, aided=not one.aided) for one in readings), ratings=ratings)

    assert there.together is not None
    assert back.together is not None
    pairs = [(there.together.of_all, back.together.of_all), (there.together.of_these, back.together.of_these)]
    for one, other in zip(there.readers, back.readers, strict=True):
        assert one.auc is not None
        assert other.auc is not None
        pairs += [
            (one.auc, other.auc),
            (one.categories.total, other.categories.total),
            (one.scores.total, other.scores.total),
        ]
        assert (one.unaided, one.aided) == (other.aided, other.unaided)
        assert (one.sensitivity_p, one.specificity_p) == (other.sensitivity_p, other.specificity_p)
        assert one.following.helped.calls == other.following.strayed.calls
        assert one.following.misled.calls == other.following.recovered.calls
    for first, second in pairs:
        assert first.value != 0
        assert bounds(first) == pytest.approx((-second.value, -second.high, -second.low, second.p))


def bounds(found: Difference) -> tuple[float, float, float, float]:
    return found.value, found.low, found.high, found.p


def test_calls_that_become_right_and_wrong_add_up() -> None:
    ratings, readings = simulated(2)
    for one in study(*readings, ratings=ratings).readers:
        before, after, made = one.unaided, one.aided, one.following
        gained = after.true_positives + after.true_negatives - before.true_positives - before.true_negatives
        assert gained == made.helped.calls + made.recovered.calls - made.misled.calls - made.strayed.calls
        assert sum(part.of for part in (made.helped, made.misled, made.recovered, made.strayed)) == one.images
        assert before.sensitivity is not None
        assert after.sensitivity is not None
        assert one.categories.diseased == pytest.approx(after.sensitivity - before.sensitivity)


def test_patients_count_and_not_images() -> None:
    """Every image there twice, of the same patient, tells nothing new."""
    ratings, readings = simulated(3)
    twice = ratings + tuple(replace(one, image=f"{one.image} again") for one in ratings)
    copied = [
        replace(one, scores={**one.scores, **{f"{image} again": score for image, score in one.scores.items()}})
        for one in readings
    ]

    once, again = study(*readings, ratings=ratings), study(*copied, ratings=twice)

    assert once.together is not None
    assert again.together is not None
    assert bounds(again.together.of_all) == pytest.approx(bounds(once.together.of_all))
    for one, other in zip(once.readers, again.readers, strict=True):
        assert one.auc is not None
        assert other.auc is not None
        assert bounds(other.auc) == pytest.approx(bounds(one.auc))
        assert bounds(other.categories.total) == pytest.approx(bounds(one.categories.total))

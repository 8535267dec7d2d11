"""What a detector's scores show, and two detectors compared, by figures worked out by hand."""

from __future__ import annotations

import pytest

from lesionlab.errors import InputError
from lesionlab.kinds import kind_of
from lesionlab.kinds.exhibits import Plot, Table
from lesionlab.kinds.kind import Json
from tests.detect.bright import detect_task

TASK = detect_task()
KIND = kind_of(TASK)


def scores(*images: tuple[str, list[float | None], list[float]], cpm: float = 0.6) -> Json:
    """What ``evaluate`` writes about these images: patient, lesions' best confidences, false marks."""
    return {
        "images": len(images),
        "lesions": sum(len(found) for _, found, _ in images),
        "cpm": cpm,
        "cpm_interval_95": [0.4, 0.8],
        "sensitivity": [
            {"false_positives": 2.0**n, "sensitivity": (n + 5) / 10, "interval_95": [(n + 4) / 10, 0.9]} for n in range(-3, 4)
        ],
        "by_size": [
            {"from_mm": 0.0, "to_mm": 6.0, "lesions": 20, "sensitivity": 0.0},
            {"from_mm": 6.0, "to_mm": None, "lesions": 148, "sensitivity": 15 / 148},
        ],
        "curve": [[0.0, 0.2, 0.9], [0.5, 0.4, 0.7], [1.0, 0.6, 0.4]],
        "cases": [
            {"image": f"{n}.nii", "patient": patient, "found": found, "false": false}
            for n, (patient, found, false) in enumerate(images)
        ],
    }  # fmt: skip


GOOD = scores(("a", [0.9], [0.1]), ("a", [0.8], []), ("b", [0.7, 0.6], [0.2]), ("c", [0.5], [0.3]))
POOR = scores(("a", [0.9], [0.95]), ("a", [None], []), ("b", [0.7, None], [0.8]), ("c", [None], [0.9]), cpm=0.3)


def test_the_headline_is_the_competition_metric_with_its_interval() -> None:
    found = KIND.headline(TASK, GOOD)
    assert (found.value, found.low, found.high) == (0.6, 0.4, 0.8)


def test_the_curve_is_drawn_with_an_interval_at_each_rate() -> None:
    plot = KIND.exhibits(TASK, GOOD)[0]

    assert isinstance(plot, Plot)
    curve, rates = plot.curves
    assert (curve.x, curve.y) == ((0.5, 1.0), (0.4, 0.6))  # a rate of none has no place on a logarithmic scale
    assert rates.x == (0.125, 0.25, 0.5, 1, 2, 4, 8)
    assert (rates.low[0], rates.high[0]) == (0.1, 0.9)


def test_rates_sizes_and_images_are_tabled() -> None:
    rates, sizes, images = KIND.exhibits(TASK, GOOD)[1:]

    assert isinstance(rates, Table)
    assert [row[0] for row in rates.rows] == ["1/8", "1/4", "1/2", "1", "2", "4", "8", "mean (CPM)"]
    assert isinstance(sizes, Table)
    # Wilson's interval of 15 of 148 is 0.0624 to 0.1605 (Newcombe 1998).
    assert sizes.rows[1][0] == "6 mm and more"
    assert sizes.rows[1][3:] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert isinstance(images, Table)
    # At one false mark per image the strictest threshold that finds all five lesions is 0.5: no false mark is shown.
    assert images.rows == (("0.nii", 1, 1, 0), ("1.nii", 1, 1, 0), ("2.nii", 2, 2, 0), ("3.nii", 1, 1, 0))


def test_a_better_detector_is_better_in_every_resample_of_patients() -> None:
    there, back = KIND.differences(TASK, GOOD, POOR), KIND.differences(TASK, POOR, GOOD)

    assert [one.name for one in there][:2] == ["CPM", "sensitivity at 1/8 false positives per image"]
    assert (there[0].ours, there[0].theirs) == (0.6, 0.3)
    assert there[0].low > 0
    assert [one.low for one in back] == pytest.approx([-one.high for one in there])


def test_a_detector_does_not_differ_from_itself() -> None:
    assert {(one.low, one.difference, one.high) for one in KIND.differences(TASK, GOOD, GOOD)} == {(0, 0, 0)}


def test_other_images_are_not_compared() -> None:
    with pytest.raises(InputError, match="not scored on the same images"):
        KIND.differences(TASK, GOOD, scores(("a", [0.9], [0.1])))

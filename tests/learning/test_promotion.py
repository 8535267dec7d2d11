"""The rule by which a new version is promoted, on differences small enough to work out."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.learning.promotion import choose_cases, compare, first
from lesionlab.store.cases import Case
from lesionlab.store.split import Part
from lesionlab.store.versions import PairedScore, UsedLabel


def pairs(*differences: float) -> list[PairedScore]:
    return [
        PairedScore(case=f"c{n}", patient=f"p{n}", part="test", current=0.8, new=0.8 + difference)
        for n, difference in enumerate(differences)
    ]


@pytest.mark.parametrize(
    ("differences", "promoted"),
    [
        ((0.05, 0.04, 0.06), True),
        # Three patients: the lower bound is the worst one.
        ((0.0, 0.0, -0.009), True),
        ((0.0, 0.0, -0.02), False),
        # Better on average, and no patient loses more than the risk taken.
        ((0.05, 0.03, -0.04), True),
        ((0.20, 0.05, -0.06), False),
        ((-0.1, -0.2, -0.15), False),
        # A loss that many patients show is not excused by its smallness.
        ((-0.03,) * 20, False),
        ((-0.005,) * 20, True),
    ],
)
def test_a_version_is_promoted_only_when_it_is_shown_not_to_be_worse(
    differences: tuple[float, ...], promoted: bool
) -> None:
    found = compare("dice", "v1", pairs(*differences), "test patients")
    assert found.promoted is promoted
    assert found.difference == pytest.approx(sum(differences) / len(differences))
    assert found.reason.startswith("promoted" if promoted else "not promoted")


def test_the_interval_of_three_patients_reaches_from_the_worst_to_the_best() -> None:
    found = compare("dice", "v1", pairs(-0.04, 0.01, 0.06), "test patients")
    assert found.low == pytest.approx(-0.04)
    assert found.high == pytest.approx(0.06)
    assert (found.current, found.new) == (pytest.approx(0.8), pytest.approx(0.81))


def test_the_lesions_of_a_patient_count_as_one_patient() -> None:
    scores = [PairedScore(case=f"c{n}", patient=f"p{n // 10}", part="test", current=0.5, new=0.9) for n in range(20)]
    found = compare("dice", "v1", scores, "test patients")
    assert (found.cases, found.patients, found.promoted) == (20, 2, False)
    assert "rests on 2 test patients, and it takes 3" in found.reason


def test_the_reason_has_the_figures() -> None:
    found = compare("dice", "v4", pairs(-0.1, -0.2, -0.3), "test patients")
    assert found.reason == (
        "not promoted, because it is not shown to be as good: dice 0.600 against 0.800 of v4 on 3 cases of 3 test "
        "patients: difference -0.200 (95 % interval -0.300 to -0.100)"
    )


def test_the_first_version_of_a_task_without_a_model_is_promoted() -> None:
    assert first("dice", []).promoted


def case(name: str) -> Case:
    return Case(Path(f"{name}.nii.gz"), Path(f"labels/final/{name}.nii.gz"), name)


def label(name: str, part: Part, sha256: str = "a") -> UsedLabel:
    return UsedLabel(image=f"{name}.nii.gz", patient=name, part=part, sha256=sha256)


LABELS = [label(f"t{n}", "test") for n in range(6)] + [label("v0", "validation"), label("r0", "train")]
CASES = [case(name) for name in ("t0", "t1", "t2", "t3", "t4", "t5", "v0", "r0")]


def names(chosen: tuple[Case, ...]) -> list[str]:
    return [each.patient for each in chosen]


def test_labels_that_the_current_version_did_not_know_have_no_vote() -> None:
    known = [label("t0", "test"), label("t1", "test"), label("t2", "test"), label("t3", "test", "changed since")]
    chosen, who = choose_cases(CASES, LABELS, known)
    assert names(chosen) == ["t0", "t1", "t2"]
    assert who == "test patients whose labels were there before"


def test_when_the_labels_that_it_knew_were_changed_too_few_are_left() -> None:
    known = [label(f"t{n}", "test", "changed since") for n in range(4)]
    assert choose_cases(CASES, LABELS, known)[0] == ()


def test_they_have_when_the_current_version_knew_too_few() -> None:
    chosen, who = choose_cases(CASES, LABELS, [label("t0", "test"), label("t1", "test")])
    assert names(chosen) == ["t0", "t1", "t2", "t3", "t4", "t5"]
    assert who == "test patients"


def test_validation_patients_help_out_and_that_is_said() -> None:
    some = [*CASES[:2], *CASES[6:]]
    chosen, who = choose_cases(some, LABELS, None)
    assert names(chosen) == ["t0", "t1", "v0"]
    assert who == "test and validation patients, because only 2 test patients have labels"

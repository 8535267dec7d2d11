"""Patients, never images, are divided."""

from __future__ import annotations

import pytest
from benchmarks.folds import FOLD_OF, FOLDS, fold_of, patients_of
from benchmarks.real_cases import real_cases, skip_reason

from lesionlab.errors import NotFoundError


def test_no_patient_is_in_two_folds() -> None:
    listed = [patient for fold in range(FOLDS) for patient in patients_of(fold)]
    assert len(listed) == len(set(listed)) == len(FOLD_OF) == 36


def test_the_folds_are_of_equal_size_but_for_one_patient() -> None:
    assert sorted(len(patients_of(fold)) for fold in range(FOLDS)) == [7, 7, 7, 7, 8]


def test_the_focal_patients_lie_in_three_folds() -> None:
    assert len({fold_of(p) for p in ("lidc_0001", "pyrad_brain1", "pyrad_lung2")}) == 3


def test_an_unknown_patient_is_refused() -> None:
    with pytest.raises(NotFoundError, match="STS_999"):
        fold_of("STS_999")


@pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason()))
def test_every_real_lesion_has_a_fold_a_click_inside_and_a_size() -> None:
    count = 0
    for case in real_cases():
        assert 0 <= fold_of(case.patient) < FOLDS
        index = tuple(round(n) for n in case.truth.geometry.ras_to_index(case.point_mm))
        assert case.truth.array[index] == 1
        assert 20 < case.size_mm < 170
        count += 1
    assert count == 91

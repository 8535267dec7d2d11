from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionlab.errors import InputError
from lesionlab.kinds.classify.folds import FOLDS, deal, fold_patients
from lesionlab.kinds.classify.preparing import divided
from lesionlab.kinds.classify.samples import StoredCase


def stored(patient: str, truth: int = 0) -> StoredCase:
    return StoredCase(f"{patient}.png", patient, np.zeros((1, 4, 4), np.float16), None, truth, False)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.integers(0, 2), max_size=60), st.integers(2, 5))
def test_every_class_is_spread_evenly(classes: dict[str, int], count: int) -> None:
    dealt = deal({}, classes, count, seed=3)

    assert set(dealt) == set(classes)
    for truth in set(classes.values()):
        sizes = Counter(dealt[patient] for patient, found in classes.items() if found == truth)
        assert max(sizes.values()) - min(sizes[n] for n in range(count)) <= 1


def test_newcomers_are_added_and_nobody_moves(tmp_path: Path) -> None:
    first = fold_patients(tmp_path, {f"p{n}": n % 2 for n in range(20)}, 4, seed=1)
    later = fold_patients(tmp_path, {f"p{n}": n % 2 for n in range(33)}, 4, seed=9)

    assert {patient: later[patient] for patient in first} == dict(first)
    assert max(Counter(later.values()).values()) - min(Counter(later.values()).values()) <= 1


def test_another_number_of_folds_is_a_division_of_its_own(tmp_path: Path) -> None:
    classes = {f"p{n}": 0 for n in range(12)}
    four = fold_patients(tmp_path, classes, 4)

    assert set(fold_patients(tmp_path, classes, 3).values()) == {0, 1, 2}
    assert fold_patients(tmp_path, classes, 4) == four


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDS).write_text("{")

    with pytest.raises(InputError, match=r"folds\.json: cannot be read"):
        fold_patients(tmp_path, {"p": 0}, 2)


def test_no_member_is_asked_about_a_patient_that_it_was_trained_on() -> None:
    training = [stored(f"p{n // 2}", n % 2) for n in range(24)]
    validation = [stored("v1"), stored("v2", 1)]
    folds = {case.patient: int(case.patient[1:]) % 3 for case in training}

    members, held_out = divided(training, validation, folds, 3)

    seen = [{case.patient for case in cases} for cases in members]
    assert len(held_out) == 26
    for case, unseen in held_out:
        assert unseen
        assert all(case.patient not in seen[number] for number in unseen)
    assert [unseen for case, unseen in held_out if case.patient == "v1"] == [(0, 1, 2)]
    assert [len(patients) for patients in seen] == [8, 8, 8]


def test_one_member_learns_from_all_training_patients_and_answers_for_the_validation_patients() -> None:
    training, validation = [stored("a"), stored("b", 1)], [stored("c")]

    members, held_out = divided(training, validation, {}, 1)

    assert members == [training]
    assert held_out == [(validation[0], (0,))]

"""The division of patients into train, validation and test."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.store.cases import Case
from lesionlab.store.split import PARTS, Shares, split_patients


def names(start: int, stop: int) -> list[str]:
    return [f"p{n}" for n in range(start, stop)]


def test_ten_patients_are_divided_six_two_two(tmp_path: Path) -> None:
    split = split_patients(tmp_path, names(0, 10))
    assert Counter(split.parts.values()) == {"train": 6, "validation": 2, "test": 2}


def test_a_single_patient_trains(tmp_path: Path) -> None:
    assert split_patients(tmp_path, ["x"]).parts == {"x": "train"}


def test_the_division_depends_on_names_and_seed_only(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    one = split_patients(folders[0], names(0, 30), seed=1)
    reordered = split_patients(folders[1], reversed(names(0, 30) * 2), seed=1)
    other_seed = split_patients(folders[2], names(0, 30), seed=2)
    assert one.parts == reordered.parts
    assert one.parts != other_seed.parts


def test_nobody_ever_moves_however_patients_are_added(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known: dict[str, str] = {}
    people: list[str] = []
    for step in range(25):
        people += [f"s{step}-{n}" for n in range(int(rng.integers(0, 6)))]
        parts = split_patients(tmp_path, people, seed=step).parts
        assert {name: parts[name] for name in known} == known
        known = dict(parts)
    share = {part: count / len(known) for part, count in Counter(known.values()).items()}
    assert share == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.06)


def test_patients_that_left_keep_their_place(tmp_path: Path) -> None:
    before = dict(split_patients(tmp_path, names(0, 10)).parts)
    after = split_patients(tmp_path, names(5, 12)).parts
    assert {name: after[name] for name in before} == before


def test_the_stored_shares_and_seed_stand(tmp_path: Path) -> None:
    split_patients(tmp_path, names(0, 4), Shares(validation=0.5, test=0.0), seed=3)
    parts = split_patients(tmp_path, names(0, 20), Shares(validation=0.1, test=0.8), seed=9).parts
    assert Counter(parts.values()) == {"train": 10, "validation": 10}
    stored = json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    assert (stored["seed"], stored["shares"]) == (3, {"validation": 0.5, "test": 0.0})


def test_no_patient_is_in_two_parts_and_no_case_is_lost(tmp_path: Path) -> None:
    cases = [Case(tmp_path / f"{n}.nii.gz", None, f"p{n % 7}") for n in range(40)]
    split = split_patients(tmp_path, [case.patient for case in cases])
    found = {part: split.of(cases, part) for part in PARTS}
    assert sum(len(part) for part in found.values()) == 40
    patients = [{case.patient for case in part} for part in found.values()]
    assert sum(len(part) for part in patients) == len(set.union(*patients)) == 7


def test_reading_again_does_not_write(tmp_path: Path) -> None:
    split_patients(tmp_path, names(0, 5))
    stamp = (tmp_path / "split.json").stat().st_mtime_ns
    split_patients(tmp_path, names(0, 5))
    assert (tmp_path / "split.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("text", ["{", '{"seed": 0, "shares": {}, "patients": {"p": "trian"}}'])
def test_a_spoilt_split_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "split.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"split\.json.*restore it"):
        split_patients(tmp_path, ["p"])
    assert (tmp_path / "split.json").read_text(encoding="utf-8") == text


def test_shares_that_leave_nothing_to_train_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is left to train on"):
        split_patients(tmp_path, ["p"], Shares(validation=0.5, test=0.5))

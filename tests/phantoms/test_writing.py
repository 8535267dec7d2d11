"""What every cohort does alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.writing import begin, write_each, write_mask
from lesionlab.store.cases import Case, read_cases

SITES = {"north": 7}


def numbers_drawn(out: Path, cases: int) -> list[float]:
    """Write a cohort of two points an image; what its streams gave."""
    drawn: list[float] = []

    def write(number: int, rng: np.random.Generator) -> list[Case]:
        drawn.append(float(rng.random()))
        image = out / f"case-{number}.png"
        image.touch()
        return [Case(image, None, f"p{number}", "", (float(x), 0.0, 0.0)) for x in (1, 2)]

    begin(out, None, SITES, 0)
    write_each(out, cases, np.random.default_rng(1), write)
    return drawn


def test_a_case_is_the_same_however_many_follow_it_and_all_are_listed(tmp_path: Path) -> None:
    few, many = numbers_drawn(tmp_path / "few", 2), numbers_drawn(tmp_path / "many", 3)
    assert few == many[:2]
    assert len(set(many)) == 3
    assert [case.patient for case in read_cases(tmp_path / "few")] == ["p1", "p1", "p2", "p2"]


def test_a_cohort_begins_at_the_site_that_its_shift_names_and_in_a_fresh_folder_only(tmp_path: Path) -> None:
    assert begin(tmp_path / "new" / "folder", None, SITES, 0) == 0
    assert begin(tmp_path / "new" / "folder", "north", SITES, 0) == 7
    with pytest.raises(InputError, match="north"):
        begin(tmp_path / "never", "nort", SITES, 0)
    assert not (tmp_path / "never").exists()
    write_each(tmp_path / "new" / "folder", 0, np.random.default_rng(0), lambda number, rng: [])
    with pytest.raises(ConflictError, match="holds a cohort already"):
        begin(tmp_path / "new" / "folder", None, SITES, 0)


def test_a_mask_says_where_any_lesion_is(tmp_path: Path) -> None:
    truth = Volume(np.array([[[0, 1], [3, 0]]], np.uint8), Geometry((1, 2, 2), np.eye(4)))
    path = write_mask(tmp_path / "case.nii.gz", truth)
    assert path == tmp_path / "labels" / "final" / "case.nii.gz"
    assert read_volume(path).array.tolist() == [[[0, 1], [1, 0]]]

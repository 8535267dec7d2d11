"""Each part of a nested cross-validation holds whole patients, of both classes alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks.classify_ensemble import parts_of, write_part
from PIL import Image

from lesionlab.store.cases import Case, read_cases, write_cases
from lesionlab.store.split import split_patients

CLASSES = {f"b{n}": "benign" for n in range(11)} | {f"m{n}": "malignant" for n in range(7)}


def test_every_part_has_as_many_of_each_class_but_for_one() -> None:
    parts = parts_of(CLASSES, 5, np.random.default_rng(0))
    assert set(parts) == set(CLASSES)
    for label, fewest in (("b", 2), ("m", 1)):
        sizes = [sum(part == n for name, part in parts.items() if name.startswith(label)) for n in range(5)]
        assert set(sizes) <= {fewest, fewest + 1}


def test_the_seed_decides_who_is_where() -> None:
    one, same, other = (parts_of(CLASSES, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_a_part_is_a_datastore_of_its_own_and_keeps_the_division_of_the_whole(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    cases = [Case(whole / f"{name}.png", None, name, "benign", (-3.0, -4.0, 0.0), 5.0) for name in "abc"]
    for case in cases:
        Image.fromarray(np.zeros((8, 8), dtype=np.uint8)).save(case.image)
    write_cases(whole, cases)
    split = split_patients(whole, "abc")
    write_part(whole, cases[:2], part)
    assert [(case.image, case.point_mm, case.size_mm) for case in read_cases(part)] == [
        (part / f"{name}.png", (-3.0, -4.0, 0.0), 5.0) for name in "ab"
    ]
    assert split_patients(part, "ab").parts == split.parts

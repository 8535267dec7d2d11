"""Weak labels of a data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.errors import InputError
from lesionlab.store.cases import Case, read_cases, write_cases
from lesionlab.store.weak_files import case_of, labels_of_case, read_weak_folder
from lesionlab.weak.label import PointSize, Presence, Sphere
from lesionlab.weak.markups_write import write_markups


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labels" / "weak").mkdir(parents=True)
    for name in ("a.nii.gz", "a.b.nii.gz", "c.png"):
        (tmp_path / name).touch()
    lines = [
        "image,label,patient,point_r,point_a,point_s,size_mm,reader",
        "a,nodule,p1,1,2,3,8,ann",
        "a.b,normal,p2,,,,,bo",
        "c,malignant,p3,,,,,",
    ]
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_rows_and_files_give_the_labels_of_their_images_and_patients(folder: Path) -> None:
    write_markups(folder / "labels/weak/a.b.mrk.json", [Sphere(center_mm=(0, 0, 0), diameter_mm=5.0)])
    assert read_weak_folder(folder) == (
        PointSize(image="a", patient="p1", reader="ann", name="nodule", point_mm=(1, 2, 3), size_mm=8.0),
        Presence(image="a.b", patient="p2", reader="bo", name="normal", present=False),
        Presence(image="c", patient="p3", name="malignant", present=True),
        Sphere(image="a.b", patient="p2", center_mm=(0, 0, 0), diameter_mm=5.0),
    )


def test_what_cases_csv_says_survives_being_written_again(folder: Path) -> None:
    before = read_weak_folder(folder)
    cases = [case_of(label, folder / f"{label.image}.nii.gz") for label in before[:2] if not isinstance(label, Sphere)]  # type: ignore[arg-type]
    write_cases(folder, [*cases, Case(folder / "c.png", None, "p3", "malignant")])
    assert read_weak_folder(folder) == before


def test_a_row_without_class_and_point_says_nothing(folder: Path) -> None:
    assert labels_of_case(Case(folder / "c.png", None, "p")) == ()
    assert len(read_cases(folder)) == 3


def test_a_file_of_no_image_is_refused(folder: Path) -> None:
    write_markups(folder / "labels/weak/d.mrk.json", [Sphere(center_mm=(0, 0, 0), diameter_mm=5.0)])
    with pytest.raises(InputError, match=r"d\.mrk\.json: belongs to no image of the folder"):
        read_weak_folder(folder)


def test_marks_saved_through_the_server_count_and_unfinished_ones_do_not(folder: Path) -> None:
    (folder / "marks").mkdir()
    write_markups(folder / "marks" / "c.mrk.json", [Sphere(center_mm=(0, 0, 0), diameter_mm=5.0)])
    write_markups(folder / "marks" / "gone.mrk.json", [Sphere(center_mm=(0, 0, 0), diameter_mm=5.0)])
    (folder / "marks" / "a.mrk.json").write_text("{}")
    assert read_weak_folder(folder)[3:] == (Sphere(image="c", patient="p3", center_mm=(0, 0, 0), diameter_mm=5.0),)

"""Reading and writing the cases of a datastore."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.errors import InputError, NotFoundError
from lesionlab.store.cases import Case, read_cases, write_cases


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labels" / "final").mkdir(parents=True)
    for name in ("b.nii.gz", "a.nrrd"):
        (tmp_path / name).touch()
    (tmp_path / "labels" / "final" / "b.nii.gz").touch()
    return tmp_path


def table(folder: Path, *lines: str) -> None:
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_without_a_table_every_image_is_a_case_and_its_own_patient(folder: Path) -> None:
    assert read_cases(folder) == (
        Case(folder / "a.nrrd", None, "a"),
        Case(folder / "b.nii.gz", folder / "labels/final/b.nii.gz", "b"),
    )


def test_a_mask_is_found_by_name_whatever_its_format(folder: Path) -> None:
    (folder / "labels/final/a.nii").touch()
    assert read_cases(folder)[0].mask == folder / "labels/final/a.nii"


def test_hidden_and_other_files_are_no_images(folder: Path) -> None:
    (folder / "datastore_v2.json").touch()
    (folder / ".c.nii.gz").touch()
    assert len(read_cases(folder)) == 2


def test_the_table_gives_label_patient_point_size_and_reader(folder: Path) -> None:
    table(folder, "image,label,patient,point_r,point_a,point_s,size_mm,reader", "b,malignant,p7,-1.5,2,30,12.5,ann")
    case = read_cases(folder)[0]
    assert (case.image.name, case.label, case.patient) == ("b.nii.gz", "malignant", "p7")
    assert (case.point_mm, case.size_mm, case.reader) == ((-1.5, 2.0, 30.0), 12.5, "ann")


def test_an_image_may_have_several_lesions(folder: Path) -> None:
    table(folder, "image,patient,point_r,point_a,point_s", "b.nii.gz,p,1,2,3", "b.nii.gz,p,4,5,6")
    assert [case.point_mm for case in read_cases(folder) if case.patient == "p"] == [(1, 2, 3), (4, 5, 6)]


def test_images_that_the_table_leaves_out_follow_it(folder: Path) -> None:
    table(folder, "image,patient", "b.nii.gz,p")
    assert [case.patient for case in read_cases(folder)] == ["p", "a"]


def test_what_is_written_is_read_back(folder: Path) -> None:
    cases = (
        Case(folder / "b.nii.gz", folder / "labels/final/b.nii.gz", 'Ré, "x"', "no dule", (0.1, -2.25, 1e3), 7.5, "z"),
        Case(folder / "a.nrrd", None, "a"),
    )
    write_cases(folder, cases)
    assert read_cases(folder) == cases
    assert not list(folder.glob(".cases*"))


def test_a_case_outside_the_folder_is_not_written(folder: Path) -> None:
    with pytest.raises(InputError, match="outside its data folder"):
        write_cases(folder, [Case(folder / "labels" / "b.nii.gz", None, "p")])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["image,patien", "b,p"], r"cases\.csv, line 1: unknown column; got 'patien'.*did you mean 'patient'"),
        (["patient", "p"], r"line 1: wrong columns; got patient; expected 'image'"),
        (["image,patient", "b"], r"line 2: wrong number of columns; got 1; expected 2"),
        (["image", "c.nii.gz"], r"line 2, column 'image': names no image of the folder; got 'c.nii.gz'"),
        (["image", "../b.nii.gz"], r"names no image of the folder; got '../b.nii.gz'"),
        (["image,size_mm", "b,12 mm"], r"line 2, column 'size_mm': not a finite number; got '12 mm'; expected millim"),
        (["image,size_mm", "b,nan"], r"column 'size_mm': not a finite number"),
        (["image,size_mm", "b,-3"], r"column 'size_mm': not positive; got '-3'"),
        (["image,point_r,point_a,point_s", "b,1,,3"], r"line 2, column 'point_a': part of the point is missing"),
        (["image,point_r", "b,1"], r"line 2, column 'point_a': part of the point is missing"),
        (["image,patient", "", "b,p", "b,p"], r"line 4, column 'image': the same case as line 3"),
        (["image,patient,reader", "b,p,x", "b,q,y"], r"line 3, column 'patient': the image has two patients; got 'q'"),
    ],
)
def test_a_wrong_table_names_line_and_column(folder: Path, lines: list[str], said: str) -> None:
    table(folder, *lines)
    with pytest.raises(InputError, match=said):
        read_cases(folder)


def test_a_name_without_suffix_that_fits_two_images_is_refused(folder: Path) -> None:
    (folder / "b.nrrd").touch()
    table(folder, "image", "b")
    with pytest.raises(InputError, match="names several images"):
        read_cases(folder)


def test_a_table_that_is_not_text_is_refused(folder: Path) -> None:
    (folder / "cases.csv").write_bytes(b"image\n\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read as UTF-8"):
        read_cases(folder)


def test_a_missing_or_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        read_cases(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="holds no image"):
        read_cases(tmp_path)

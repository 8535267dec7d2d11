"""The readers' file: what is read, and what is wrong with it in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.errors import InputError
from lesionlab.studies.readings import Readings, read_readings

IMAGES = ["a.nii.gz", "b.nii.gz"]


def read(folder: Path, text: str) -> tuple[Readings, ...]:
    (folder / "readers.csv").write_text(text, encoding="utf-8")
    return read_readings(folder / "readers.csv", IMAGES)


def test_columns_in_any_order_names_with_or_without_suffix_and_images_that_were_not_read(tmp_path: Path) -> None:
    found = read(tmp_path, "reader,score,image\nDr A,0.5,a\n2,4,b.nii.gz\nDr A,0.7,b\n\n")
    assert found == (Readings("Dr A", {"a.nii.gz": 0.5, "b.nii.gz": 0.7}), Readings("2", {"b.nii.gz": 4.0}))


def test_a_spreadsheets_semicolons_and_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffimage;reader;score\na;1;3\n") == (Readings("1", {"a.nii.gz": 3.0}),)


def test_a_reader_may_read_an_image_with_the_model_and_without(tmp_path: Path) -> None:
    found = read(tmp_path, "image,reader,score,model\na,1,2,\na,1,3,YES\nb,1,4,no\nb,2,5, yes\n")
    assert found == (
        Readings("1", {"a.nii.gz": 2.0, "b.nii.gz": 4.0}),
        Readings("1", {"a.nii.gz": 3.0}, aided=True),
        Readings("2", {"b.nii.gz": 5.0}, aided=True),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "image,rader,score\na,1,2\n",
            "line 1: unknown column; got 'rader'; expected among image, reader, score",
        ),
        ("image,rader,score\na,1,2\n", "did you mean 'reader'?"),
        (
            "image,score\na,1\n",
            "line 1: wrong columns; got image, score; expected 'image', 'reader', 'score', none twice",
        ),
        ("image,reader,score\nc,1,2\n", "line 2, column 'image': names no image"),
        ("image,reader,score\na.nii,1,2\n", "did you mean 'a.nii.gz'?"),
        ("image,reader,score\na,,2\n", "line 2, column 'reader': empty"),
        ("image,reader,score\na,1,high\n", "line 2, column 'score': not a finite number; got 'high'"),
        ("image,reader,score\na,1,nan\n", "leave the line out if the reader did not read the image"),
        (
            "image,reader,score\na,1,2\na.nii.gz,1,3\n",
            "line 3, column 'image': reader '1' scored it before; got 'a.nii.gz'",
        ),
        (
            "image,reader,score,model\na,1,2,yes\na,1,2,no\na,1,3,Yes\n",
            "line 4, column 'image': reader '1' scored it before, with the model; got 'a'; expected each image once",
        ),
        (
            "image,reader,score,model\na,1,2,no\nb,1,2,maybe\n",
            "line 3, column 'model': neither yes nor no; got 'maybe'; expected yes if the reader saw the model's answer",
        ),
        (
            "image,reader,score,model\na,1,2,yes\n",
            "column 'model': every reading was made with the model; expected readings without it too",
        ),
        ("image,reader,score\na,1\n", "line 2: wrong number of columns; got 2; expected 3"),
        ("image,reader,score\n", "holds no scores"),
        ("", "line 1: wrong columns"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert words in error.value.message

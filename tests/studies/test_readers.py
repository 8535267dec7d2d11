"""A model against readers, by figures worked out by hand and through the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesionlab.errors import InputError
from lesionlab.kinds.detect.kind import DetectKind
from lesionlab.kinds.exhibits import Rating
from lesionlab.kinds.kind import Model
from lesionlab.metrics.reclassification import Region
from lesionlab.progress import Report
from lesionlab.store.cases import Case, write_cases
from lesionlab.studies.readers import by_image, positive_score, study_readers
from lesionlab.task import Task
from tests.cli.voxel_model import Cli
from tests.studies.pages import Reader
from tests.studies.readers_example import ANNA, ANNA_AIDED, MODEL, RATINGS, reader, table

# Finds all but 3, no false alarm, did not read image 7.
BERT = reader("Bert", 5, 4, 4, 2, 3, 1, 1, None)


def test_a_reader_and_the_model_on_the_images_that_the_reader_scored() -> None:
    anna = study_readers(RATINGS, [ANNA], 0.5).against[0]

    assert anna.images == 8
    assert anna.model_auc.mean == pytest.approx(14 / 16)  # 0.3 loses to 0.6 and 0.4
    assert anna.reader_auc.mean == pytest.approx(0.5)
    assert anna.auc is not None
    assert anna.auc.value == pytest.approx(14 / 16 - 0.5)
    assert (anna.calls.sensitivity, anna.calls.specificity) == (0.5, 0.5)
    assert (anna.model.sensitivity, anna.model.specificity) == (0.75, 0.75)
    assert anna.matched_specificity == 1.0  # the model finds two of four at 0.8, without a false alarm
    # Of the diseased the model alone finds 1 and 2, Anna alone 3: p = 1. Of the others the model alone spares 5: p = 1.
    assert (anna.sensitivity_p, anna.specificity_p) == (1, 1)
    # Diseased: two move up, one down, of four; healthy: one moves down, of four.
    assert (anna.categories.diseased, anna.categories.healthy) == (0.25, 0.25)
    assert anna.regions == {
        Region.BOTH_RIGHT: 3,  # 0, 6, 7
        Region.MODEL_RIGHT: 3,  # 1, 2, 5
        Region.READER_RIGHT: 1,  # 3
        Region.BOTH_WRONG: 1,  # 4
    }


def test_all_readers_together_on_the_images_that_all_scored() -> None:
    study = study_readers(RATINGS, [reader("Carl", *(4, 4, 2, 1, 3, 2, 1, 1)), BERT], 3.5)

    assert study.common == 7
    assert study.together is not None
    assert study.together.first == pytest.approx(10 / 12)
    # Carl: 4 and 4 beat 3 each, 2 beats 1 and ties 1, 1 ties 1: 8 of 12. Bert: 5, 4, 4 beat 3 each, 2 beats 2: 11 of 12.
    assert study.together.second == pytest.approx((8 + 11) / 24)
    assert study.against[1].images == 7


def test_the_majority_decides_the_region_and_a_tie_counts_as_wrong() -> None:
    wrong, right = reader("w", 0, 0, 0, 0, 1, 1, 1, 1), reader("r", 1, 1, 1, 1, 0, 0, 0, 0)

    tie = study_readers(RATINGS, [wrong, right], 0.5).agreement
    two_of_three = study_readers(RATINGS, [wrong, right, reader("s", 1, 1, 1, 1, 0, 0, 0, 0)], 0.5).agreement

    assert [one.region for one in tie[:4]] == [Region.MODEL_RIGHT] * 3 + [Region.BOTH_WRONG]
    assert [one.region for one in two_of_three[:4]] == [Region.BOTH_RIGHT] * 3 + [Region.READER_RIGHT]
    assert (tie[0].right, tie[0].readers) == (1, 2)


def test_nobody_wins_against_a_copy() -> None:
    copy = study_readers(RATINGS, [reader("copy", *MODEL)], 0.5).against[0]
    assert copy.auc is not None
    assert (copy.auc.value, copy.auc.p, copy.categories.total.value, copy.continuous.total.value) == (0, 1, 0, 0)
    assert copy.regions[Region.MODEL_RIGHT] == copy.regions[Region.READER_RIGHT] == 0


def test_an_image_is_as_suspicious_as_its_most_suspicious_lesion() -> None:
    two = (Rating("a", "p", False, 0.7, True), Rating("a", "p", True, 0.2, False), Rating("b", "q", False, 0.1, False))
    assert by_image(two) == (Rating("a", "p", True, 0.7, True), two[2])


def test_scores_that_are_no_probabilities_need_a_threshold_that_divides_them() -> None:
    assert positive_score([ANNA], None) == 0.5
    assert positive_score([BERT], 4) == 4
    with pytest.raises(InputError, match=r"got 1 to 5; expected --positive SCORE"):
        positive_score([BERT], None)
    for level in (6, 1):
        with pytest.raises(InputError, match=rf"divides no readings; got --positive {level}"):
            positive_score([BERT], level)


def test_a_reader_of_one_class_only_is_named() -> None:
    with pytest.raises(InputError, match=r"reader 'Dora' scored images of one class only; got 2 with and 0 without"):
        study_readers(RATINGS, [reader("Dora", 1, 0)], 0.5)


@pytest.fixture
def studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight planes; the shipped detector is replaced by one that rates them as above."""
    folder = tmp_path / "studies"
    folder.mkdir()
    cases = []
    for n in range(8):
        path = folder / f"{n}.png"
        Image.fromarray(np.random.default_rng(n).integers(0, 255, (30, 20), dtype=np.uint8)).save(path)
        cases.append(
            Case(path, None, f"p{n}", "mass", (-10.0, -12.0, 0.0), 6.0) if n < 4 else Case(path, None, f"p{n}")
        )
    write_cases(folder, cases)

    class Fixed(Model):
        version = "fixed"

        def predict(self, volume, request):  # type: ignore[no-untyped-def]
            raise AssertionError

    def ratings(
        self: DetectKind, task: Task, model: Model, cases: Sequence[Case], report: Report
    ) -> tuple[Rating, ...]:
        return RATINGS

    monkeypatch.setattr(DetectKind, "load", lambda *_: Fixed())
    monkeypatch.setattr(DetectKind, "ratings", ratings)
    return folder


def test_the_report_holds_every_image_in_its_region(cli: Cli, studies: Path, tmp_path: Path) -> None:
    readers, out = table(tmp_path / "r.csv", ANNA, reader("Bert", 1, 1, 1, 0, 0, 0, 0, None)), tmp_path / "r.html"

    answer = cli("study", "readers", "mass_mammo", "--data", studies, "--readers", readers, "--out", out, "--json", "-")

    page = Reader(out.read_text(encoding="utf-8"))
    assert (answer.status, answer.err) == (0, "")
    assert [len(answer.json["agreement"]), answer.json["common"]] == [8, 7]
    assert page.open == []
    pictures = page.alternatives[1:]
    assert len(pictures) == 8
    assert "3.png: diseased; model 0.30; 1 of 2 readers right" in pictures
    assert "On the 7 images that all 2 readers scored it is 0.833" in page.text
    headings = [text for _, text in page.headings]
    assert "Only the model right: 3 images" in headings  # 1 and 2 and 5 are ties of the readers
    assert "Both wrong: 2 images" in headings  # 3 and 4 too


def test_the_report_says_whether_readers_are_better_with_the_model(cli: Cli, studies: Path, tmp_path: Path) -> None:
    alone, out = [ANNA, reader("Bert", 0, 0, 0, 0, 0, 0, 0, 0)], tmp_path / "r.html"
    bert, cora = reader("Bert", 1, 1, 1, 1, 0, 0, 0, 0, aided=True), reader("Cora", 1, 1, aided=True)
    table(tmp_path / "r.csv", *alone, ANNA_AIDED, bert, cora)

    answer = cli(
        "study",
        "readers",
        "mass_mammo",
        "--data",
        studies,
        "--readers",
        tmp_path / "r.csv",
        "--out",
        out,
        "--json",
        "-",
    )

    assert (answer.status, answer.err) == (0, "")
    found = answer.json["aided"]
    assert [one["reader"] for one in found["readers"]] == ["Anna", "Bert"]
    assert found["readers"][0]["following"]["helped"] == {"calls": 2, "of": 3}
    assert found["together"]["first"] == pytest.approx(0.8125)
    page = Reader(out.read_text(encoding="utf-8"))
    assert page.open == []
    assert "With the model the mean area of 2 readers is 0.812, without it 0.500" in page.text
    assert "reader Cora with the model, not compared read both ways: 0 diseased, 0 healthy" in page.text
    assert "2 of 3: 0.667 (0.208 to 0.939)" in page.cells
    assert "reader Anna with the model" in page.cells
    headings = [text for _, text in page.headings if text.startswith("With the model")]
    assert len(headings) == 6


def test_readings_with_the_model_change_nothing_of_the_model_against_readers(
    cli: Cli, studies: Path, tmp_path: Path
) -> None:
    bert, files = reader("Bert", 1, 1, 1, 0, 0, 0, 0, None), []
    files.append(table(tmp_path / "plain.csv", ANNA, bert))
    files.append(tmp_path / "empty.csv")
    files[1].write_text(
        "\n".join(line + (",model" if n == 0 else ",No") for n, line in enumerate(files[0].read_text().split()))
    )
    files.append(table(tmp_path / "aided.csv", ANNA, ANNA_AIDED, bert))

    found = [
        cli(
            "study",
            "readers",
            "mass_mammo",
            "--data",
            studies,
            "--readers",
            file,
            "--out",
            file.with_suffix(".html"),
            "--json",
            "-",
        ).json
        for file in files
    ]

    assert found[0] == found[1]
    assert found[0]["aided"] is None
    assert [set(one) for one in found[0]["readings"]] == [{"reader", "scores"}] * 2
    assert found[2].pop("aided")["readings"] == [{"reader": "Anna", "scores": ANNA_AIDED.scores, "aided": True}]
    assert found[2] == {name: part for name, part in found[0].items() if name != "aided"}
    assert "with the model" not in Reader((tmp_path / "plain.html").read_text(encoding="utf-8")).text.lower()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mass_mammo", "--readers", "{none}"], "--readers is not a file"),
        (
            ["lesion_shape", "--readers", "{csv}"],
            "the task does not tell diseased from healthy images; got lesion_shape",
        ),
        (["mass_mammo", "--readers", "{csv}", "--positive", "many"], "got 'many'; expected a number"),
    ],
)
def test_what_cannot_be_studied_is_one_line(
    cli: Cli, studies: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    csv = table(tmp_path / "r.csv", ANNA)
    filled = [one.format(csv=csv, none=tmp_path / "none") for one in arguments]

    answer = cli("study", "readers", *filled, "--data", studies, "--out", tmp_path / "r.html")

    assert (answer.status, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert words in answer.err

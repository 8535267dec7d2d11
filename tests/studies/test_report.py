"""A report stands alone and can be read by everybody."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InternalError
from lesionlab.kinds.exhibits import Compared, Curve, Matrix, Measured, Plot, Sheet, Table, Tile
from lesionlab.studies.report import Page, comparison_table, p_words, render, shown, words, write_page
from tests.studies.pages import Reader

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
RATES = (0.125, 1.0, 8.0)
PLOT = Plot(
    "How many are found",
    "The higher the better.",
    "false positives",
    "sensitivity",
    (
        Curve("model", RATES, (0.5, 0.7, 0.9), "line", low=(0.4, 0.6, 0.8), high=(0.6, 0.8, 1.0)),
        Curve("other <b>", RATES, (0.4, 0.5, 0.6), "steps"),
        Curve("readers", RATES, (0.3, 0.5, 0.8), "points"),
        Curve("count", RATES, (0.1, 0.2, 0.1), "bars"),
    ),
    x_scale="log2",
)
TABLE = Table("Cases", ("image", "score"), (("<script>alert(1)</script>", 0.12345), ("b", None)), folded=True)
MATRIX = Matrix(
    "Sites", "Rows train.", "trained at", "tested at", ("A",), ("A", "B"), ((Measured("AUC", 0.9, 0.8, 0.95), None),)
)
SHEET = Sheet("Pictures", "Look.", (Tile("case 7", np.arange(16, dtype=np.uint8).reshape(4, 4)),))
PAGE = Page("A & B", ("It works.",), (("task", "x"), ("cases", 12)), (PLOT, TABLE, MATRIX, SHEET), ("Mind the gap.",))


def test_a_table_whose_row_lacks_a_cell_is_refused() -> None:
    with pytest.raises(InternalError, match="'Cases' does not fit its columns.*image, score"):
        Table("Cases", ("image", "score"), (("a", 0.5), ("b",)))


@pytest.fixture(scope="module")
def page() -> Reader:
    return Reader(render(PAGE, WHEN))


def test_it_fetches_nothing_and_every_element_is_closed(page: Reader) -> None:
    assert page.open == []
    assert [address for address in page.addresses if not address.startswith(("#", "data:image/png;base64,"))] == []


def test_it_has_one_title_and_a_heading_for_each_part_to_which_the_contents_lead(page: Reader) -> None:
    assert page.headings[0] == ("h1", "A & B")
    assert [text for level, text in page.headings if level == "h2"] == [
        "What went in", "How many are found", "Cases", "Sites", "Pictures", "How to read this",
    ]  # fmt: skip
    parts = [address[1:] for address in page.addresses if address.startswith("#part")]
    assert len(parts) == 4
    assert set(parts) <= set(page.identifiers)
    assert len(set(page.identifiers)) == len(page.identifiers)


def test_two_plots_on_a_page_share_no_identifier() -> None:
    two = Reader(render(replace(PAGE, exhibits=(PLOT, replace(PLOT, title="Again"))), WHEN))
    assert len(two.identifiers) > 20
    assert len(set(two.identifiers)) == len(two.identifiers)
    inside = {address for address in two.addresses if address.startswith("#")}
    assert {address[1:] for address in inside} <= set(two.identifiers)


def test_every_picture_is_told_in_words(page: Reader) -> None:
    assert page.alternatives == ["How many are found: sensitivity against false positives", "case 7"]
    assert "The higher the better." in page.text


def test_names_from_files_cannot_become_markup(page: Reader) -> None:
    assert "<script>alert(1)</script>" in page.cells
    assert "other <b>" in page.text


def test_figures_are_rounded_and_what_is_unknown_is_a_dash(page: Reader) -> None:
    assert {"0.123", "–", "0.900 (0.800 to 0.950)", "12"} <= set(page.cells)
    assert (shown(-0.5), shown(math.inf), shown(math.nan), shown(12345.6)) == ("−0.500", "∞", "–", "12,346")
    assert words(Measured("x", 0.5)) == "0.500"
    assert (p_words(None), p_words(0.00001), p_words(0.04)) == ("–", "< 0.001", "0.040")


def test_it_says_when_it_was_made_and_what_it_is_not_for(page: Reader) -> None:
    assert "Made 2026-01-02 03:04 UTC by LesionLab" in page.text
    assert "Not a medical device" in page.text


def test_the_same_study_gives_the_same_page(tmp_path: Path) -> None:
    assert render(PAGE, WHEN) == render(PAGE, WHEN)
    write_page(PAGE, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_two_models_stand_side_by_side_with_the_interval_of_their_difference() -> None:
    table = comparison_table("Compared", ("new", "old"), [Compared("AUC", 0.9, 0.8, 0.02, 0.18, 0.01)])
    assert table.columns == ("figure", "new", "old", "difference (95 % interval)", "p")
    assert table.rows == (("AUC", 0.9, 0.8, "0.100 (0.020 to 0.180)", "0.010"),)

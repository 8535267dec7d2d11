"""Statistics of the comparison, worked out by hand on a few records."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.records import Record, read_records, write_records
from benchmarks.shape_report import markdown, write_between
from benchmarks.summary import changes, differences, group_scores, reliability_bins
from benchmarks.trials import VARIANTS

from lesionlab.errors import InputError

GROUPS = ("focal", "sarcoma MR", "sarcoma CT", "sarcoma PET")


def records_of(method: str, dice: float, certainty: float | None = None) -> list[Record]:
    """Two patients with one lesion in each group; every changed prompt costs 0.1."""
    return [
        Record(
            method, f"{patient}-{group}", patient, group, variant, dice if variant == "exact" else dice - 0.1,
            2.0 if variant == "exact" else None, -0.2, certainty,
        )
        for patient in ("a", "b")
        for group in GROUPS
        for variant in VARIANTS
    ]  # fmt: skip


def test_groups_are_averaged_over_lesions_with_the_exact_prompt_only() -> None:
    scores = {s.group: s for s in group_scores(records_of("ours", 0.9), ["ours"])}
    assert scores["all"].lesions == 8
    assert scores["all"].patients == 2
    assert scores["all sarcomas"].lesions == 6
    assert scores["focal"].dice_mean == pytest.approx(0.9)
    assert scores["focal"].volume_error_median == pytest.approx(0.2)


def test_an_empty_mask_is_left_out_of_the_distance_and_its_absence_is_said() -> None:
    empty = Record("ours", "x", "a", "focal", "exact", 0.0, None, -1.0, None)
    records = [*records_of("ours", 0.9), empty]
    focal = next(s for s in group_scores(records, ["ours"]) if s.group == "focal")
    assert (focal.lesions, focal.hd95_lesions, focal.hd95_median_mm) == (3, 2, 2.0)
    # Of the volume errors -0.2, -0.2 and -1 the median is -0.2.
    assert "| 2.0 (of 2); 20% (-20%) |" in markdown(records, None, ["ours"])


def test_a_constant_difference_has_an_interval_of_no_width() -> None:
    records = records_of("ours", 0.9) + records_of("peer", 0.7)
    for difference in differences(records, "ours", ["peer"]):
        assert (difference.mean, difference.low, difference.high) == pytest.approx((0.2, 0.2, 0.2))


def test_a_changed_prompt_is_compared_with_the_exact_one() -> None:
    assert {round(c.difference, 6) for c in changes(records_of("ours", 0.9), ["ours"])} == {-0.1}


def test_reliability_puts_each_answer_in_the_bin_of_its_certainty() -> None:
    bins = reliability_bins(records_of("ours", 0.9, certainty=0.85), "ours")
    assert [(b.low, b.high, b.count) for b in bins] == [(0.8, 0.9, 56)]


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    records = [*records_of("ours", 0.9), Record("ours", "x", "a", "focal", "exact", 0.0, None, -1.0, None)]
    write_records(records, tmp_path / "r.json", {"ours": "settings"})
    assert read_records(tmp_path / "r.json") == (records, {"ours": "settings"})


def test_a_table_replaces_only_what_stands_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- t -->\nold\n<!-- /t -->\nafter\n", encoding="utf-8")
    write_between(page, "t", "new")
    write_between(page, "t", "newer")
    assert page.read_text(encoding="utf-8") == "before\n<!-- t -->\nnewer\n<!-- /t -->\nafter\n"
    with pytest.raises(InputError, match="no markers"):
        write_between(page, "other", "new")

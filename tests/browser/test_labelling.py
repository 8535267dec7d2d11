"""A case from the list to the submitted label, and what can go wrong on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.files import read_volume
from lesionlab.metrics.overlap import dice
from tests.browser.conftest import Lab
from tests.browser.desk import AXIAL, Desk

pytestmark = pytest.mark.server


def test_the_page_lists_the_cases_and_says_why_controls_are_off(desk: Desk) -> None:
    rows = desk.page.locator("[data-case]")
    assert [row.get_attribute("data-case") for row in rows.all()] == ["chest", "spare", "tilted"]
    desk.open_case("spare")
    submit = desk.page.locator("[data-test=submit]")
    assert submit.is_disabled()
    assert "Nothing has changed" in (submit.locator("..").get_attribute("title") or "")


def test_a_mask_is_submitted_and_comes_back_with_the_case(desk: Desk, lab: Lab, tmp_path: Path) -> None:
    desk.open_case("chest")
    desk.place(AXIAL, list(lab.study.target.point_mm))
    desk.ask("save_labelmap", str(tmp_path / "mask.npy"))
    sent = np.load(tmp_path / "mask.npy") > 0
    assert desk.state["unsaved"]
    desk.page.locator("[data-test=submit]").click()
    desk.until(lambda s: not s["unsaved"] and not s["busy"], "it is submitted")
    stored = next((lab.study.folder / "labels" / "final").glob("chest.*"))
    assert np.array_equal(read_volume(stored).array > 0, sent)
    assert dice(sent, lab.study.truth.array > 0) >= 0.85
    desk.page.locator("[data-case=chest] .mdi-check-circle").wait_for()
    desk.open_case("spare")
    desk.open_case("chest")
    state = desk.until(lambda s: s["lesions"], "the lesion is back")
    assert state["lesions"][0]["point_mm"] == pytest.approx(lab.study.target.point_mm, abs=1.7)
    desk.ask("save_labelmap", str(tmp_path / "again.npy"))
    assert np.array_equal(np.load(tmp_path / "again.npy") > 0, sent)


def test_unsaved_work_is_not_left_without_asking(desk: Desk, lab: Lab) -> None:
    desk.open_case("tilted")
    desk.place(AXIAL, lab.tilted_point_mm)
    desk.page.locator("[data-case=spare]").click()
    desk.page.get_by_role("button", name="Stay").click()
    assert desk.state["case"] == "tilted"
    assert len(desk.state["lesions"]) == 1
    desk.clear()
    assert desk.state["unsaved"]
    desk.open_case("spare")  # leaves when asked
    assert not desk.state["unsaved"]


def test_the_heat_map_shows_where_the_model_saw_it(desk: Desk, lab: Lab) -> None:
    desk.open_case("tilted")
    desk.place(AXIAL, lab.tilted_point_mm)
    desk.until(lambda s: s["heats"], "there is a heat map")
    desk.page.wait_for_timeout(1000)  # the picture at rest
    before = desk.colours(AXIAL)
    desk.page.keyboard.press("h")
    desk.until(lambda s: s["heat"], "it is shown")
    desk.until_drawn(AXIAL, lambda now: _changed(now, before) > 1000, "the map is drawn")
    desk.page.keyboard.press("h")
    desk.until(lambda s: not s["heat"], "it is hidden")
    desk.until_drawn(AXIAL, lambda now: _changed(now, before) < 50, "the map is gone")


def test_a_lost_server_is_said_and_the_work_survives(desk: Desk, lab: Lab) -> None:
    desk.open_case("tilted")
    first = desk.place(AXIAL, lab.tilted_point_mm)
    lab.door.shut()
    desk.page.keyboard.press("+")
    state = desk.until(lambda s: s["connection"] == "lost", "the loss is noticed")
    assert state["lesions"][0]["id"] == first["id"]
    assert desk.page.locator("[data-test=notice]").inner_text().strip()
    assert "lost" in desk.page.locator(".dot.lost").get_attribute("class")  # type: ignore[operator]
    lab.door.open()
    desk.page.get_by_role("button", name="Reconnect").click()
    state = desk.until(
        lambda s: s["connection"] == "ready" and s["lesions"] and s["lesions"][0]["status"] == "done", "it goes on"
    )
    assert state["lesions"][0]["size_mm"] > first["size_mm"]


def test_the_next_case_is_chosen_by_the_server(desk: Desk) -> None:
    desk.open_case("chest")
    desk.page.get_by_role("button", name="Next", exact=True).click()
    leave = desk.page.get_by_role("button", name="Leave without its masks")
    desk.page.wait_for_timeout(300)
    if leave.is_visible():
        leave.click()
    desk.until(lambda s: s["case"] in ("spare", "tilted") and not s["busy"], "a case without a label is open")


def test_a_pane_can_fill_the_window(desk: Desk) -> None:
    desk.pane(AXIAL).locator("[aria-label^='Axial alone']").click()
    desk.until_count("[data-pane]", 1)
    desk.pane(AXIAL).locator("[aria-label^='Axial alone']").click()
    desk.until_count("[data-pane]", 4)


def _changed(now: np.ndarray, before: np.ndarray) -> int:
    """How many pixels look clearly different."""
    return int((np.abs(now - before).max(axis=2) > 30).sum())

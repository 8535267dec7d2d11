"""From the pointer to the patient: clicks, drags, the wheel and the keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.metrics.overlap import dice
from tests.browser.conftest import Lab
from tests.browser.desk import AXIAL, CORONAL, PLANES, SAGITTAL, Desk

pytestmark = pytest.mark.server


def test_one_click_on_the_nodule_brings_its_mask_and_draws_the_outline(desk: Desk, lab: Lab, tmp_path: Path) -> None:
    desk.open_case("chest")
    target = lab.study.target
    desk.spot(AXIAL, list(target.point_mm))
    assert len(desk.coloured(AXIAL)) == 0
    lesion = desk.place(AXIAL, list(target.point_mm), right_px=0)
    desk.ask("save_labelmap", str(tmp_path / "mask.npy"))
    found = np.load(tmp_path / "mask.npy") > 0
    assert dice(found, lab.study.truth.array > 0) >= 0.85
    assert lesion["diameter_mm"] == pytest.approx(target.size_mm, rel=0.3)
    for plane in PLANES:
        desk.until_drawn(plane, lambda _, plane=plane: len(desk.coloured(plane)) > 30, f"the outline is drawn, {plane}")


@pytest.mark.parametrize("case", ["chest", "tilted"])
@pytest.mark.parametrize("plane", [AXIAL, CORONAL, SAGITTAL])
def test_a_click_lands_within_half_a_voxel_of_what_was_aimed_at(desk: Desk, lab: Lab, case: str, plane: str) -> None:
    desk.open_case(case)
    aimed = list(lab.study.target.point_mm) if case == "chest" else lab.tilted_point_mm
    desk.take("place")
    desk.click(plane, aimed, width_mm=120.0)
    state = desk.until(lambda s: s["lesions"], "a lesion is marked")
    assert max(desk.ask("voxels_apart", state["lesions"][0]["point_mm"], aimed)) <= 0.5


def test_a_drag_gives_the_size(desk: Desk, lab: Lab) -> None:
    desk.open_case("chest")
    desk.take("place")
    x, y = desk.spot(AXIAL, list(lab.study.target.point_mm), width_mm=120.0)
    width_px = desk.pane(AXIAL).bounding_box()["width"]  # type: ignore[index]
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 40, y, steps=4)
    desk.page.locator("svg.over-trace").wait_for()
    desk.page.mouse.up()
    state = desk.until(lambda s: s["lesions"], "a lesion is marked")
    assert state["lesions"][0]["size_mm"] == pytest.approx(2 * 40 * 120.0 / width_px, rel=0.02)
    desk.until_count("svg.over-trace", 0)


def test_a_line_is_as_long_as_it_was_drawn(desk: Desk, lab: Lab) -> None:
    desk.open_case("chest")
    desk.take("measure")
    x, y = desk.spot(CORONAL, list(lab.study.target.point_mm), width_mm=120.0)
    width_px = desk.pane(CORONAL).bounding_box()["width"]  # type: ignore[index]
    desk.page.mouse.move(x - 50, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 50, y, steps=4)
    desk.page.mouse.up()
    state = desk.until(lambda s: s["lesions"], "a lesion is marked")
    assert state["lesions"][0]["shape"] == "line"
    assert state["lesions"][0]["size_mm"] == pytest.approx(100 * 120.0 / width_px, rel=0.02)


def test_the_wheel_scrolls_one_plane_and_leaves_3d_alone(desk: Desk) -> None:
    desk.open_case("chest")
    box = desk.pane(CORONAL).bounding_box()
    assert box is not None
    desk.page.mouse.move(box["x"] + 200, box["y"] + 200)
    desk.page.wait_for_timeout(1200)
    before, drawn = desk.ask("slice_offset", CORONAL), desk.ask("renders")
    for _ in range(3):
        desk.page.mouse.wheel(0, -100)
        desk.page.wait_for_timeout(60)
    desk.page.wait_for_timeout(500)
    after, drawn_after = desk.ask("slice_offset", CORONAL), desk.ask("renders")
    assert abs(after - before) == pytest.approx(3 * 1.6, abs=0.01)
    assert drawn_after["ThreeD"] == drawn["ThreeD"]
    assert drawn_after[AXIAL] == drawn[AXIAL]
    assert drawn_after[CORONAL] > drawn[CORONAL]


def test_window_and_level_follow_the_drag_and_the_presets(desk: Desk) -> None:
    desk.open_case("chest")
    desk.page.keyboard.press("w")
    before = desk.ask("window_level")
    box = desk.pane(AXIAL).bounding_box()
    assert box is not None
    desk.page.mouse.move(box["x"] + 150, box["y"] + 200)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 300, box["y"] + 200, steps=5)
    desk.page.mouse.up()
    desk.page.wait_for_timeout(500)
    window, level = desk.ask("window_level")
    assert window == pytest.approx(1.5 * before[0], rel=0.02)  # 150 of 300 pixels: half as wide again
    assert level == pytest.approx(before[1], abs=0.02 * window)
    desk.page.locator(".v-toolbar .v-select").click()
    desk.page.get_by_role("option", name="Lung").click()
    desk.page.wait_for_timeout(300)
    assert desk.ask("window_level") == [1500.0, -600.0]


def test_keys_take_tools_nudge_the_size_undo_and_freeze(desk: Desk, lab: Lab) -> None:
    desk.open_case("chest")
    lesion = desk.place(AXIAL, list(lab.study.target.point_mm))
    desk.page.keyboard.press("+")
    larger = desk.until(
        lambda s: s["lesions"][0]["size_mm"] > lesion["size_mm"] and s["lesions"][0]["status"] == "done", "it grew"
    )["lesions"][0]
    assert larger["size_mm"] == pytest.approx(1.06 * lesion["size_mm"], rel=0.01)
    desk.page.keyboard.press("Control+z")
    desk.until(lambda s: s["lesions"][0]["size_mm"] == lesion["size_mm"], "the size was taken back")
    desk.page.keyboard.press("f")
    desk.until(lambda s: s["lesions"][0]["frozen"], "it is frozen")
    desk.page.keyboard.press("f")
    desk.page.keyboard.press("Control+z")
    desk.page.keyboard.press("Control+z")
    desk.page.keyboard.press("Control+z")
    desk.until(lambda s: not s["lesions"], "all was taken back")
    desk.page.keyboard.press("Control+y")
    desk.until(lambda s: len(s["lesions"]) == 1, "it was done again")


def test_a_point_can_be_excluded(desk: Desk, lab: Lab) -> None:
    desk.open_case("chest")
    r, a, s = lab.study.target.point_mm
    lesion = desk.place(AXIAL, [r, a, s])
    desk.page.keyboard.press("x")
    desk.click(AXIAL, [r, a + 12.0, s])
    state = desk.until(lambda now: now["lesions"][0]["exclude_mm"], "a point is excluded")
    assert len(state["lesions"]) == 1
    assert state["lesions"][0]["id"] == lesion["id"]
    assert state["lesions"][0]["exclude_mm"][0] == pytest.approx([r, a + 12.0, s], abs=1.2)
    desk.until(lambda now: now["lesions"][0]["status"] == "done", "the mask followed")

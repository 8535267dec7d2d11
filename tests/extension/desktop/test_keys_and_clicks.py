"""Panel tests with stand-ins for Slicer's widgets: keys, clicks in the views, settings, the demo case. The MRML scene is real."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import slicer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from LesionLabLib.workflow.state import Connection
from tests.extension.desktop import states
from tests.extension.desktop.desk import Desk

CTRL = Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


@pytest.fixture
def open_desk(desk: Desk) -> Desk:
    desk.panel.enter()
    desk.window.activateWindow()
    QTest.qWaitForWindowActive(desk.window, 1000)
    return desk


def _click(desk: Desk, *points: tuple[float, float, float]) -> None:
    """What Slicer does when the user clicks in a view in place mode."""
    selection = desk.scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    node = desk.scene.GetNodeByID(selection.GetActivePlaceNodeID())
    for point in points:
        node.AddControlPointWorld(*point)
    desk.settle()


def _interaction(desk: Desk) -> object:
    return desk.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")


@pytest.mark.parametrize(
    ("key", "modifier", "told"),
    [
        (Key.Key_F, None, [("freeze", {"lesion_id": "a", "frozen": True})]),
        (Key.Key_Z, CTRL, [("undo", {})]),
        (Key.Key_Y, CTRL, [("redo", {})]),
        (Key.Key_N, None, [("open_next", {"strategy": "first", "discard": True})]),
        (Key.Key_Plus, None, [("resize", {"lesion_id": "a", "size_mm": 12.6})]),
        (Key.Key_Minus, None, [("resize", {"lesion_id": "a", "size_mm": 11.4})]),
        (Key.Key_S, None, [("submit", {})]),
        (Key.Key_Delete, None, [("delete", {"lesion_id": "a"})]),
    ],
)
def test_a_key_does_what_its_button_does(open_desk: Desk, key: Key, modifier: object, told: list) -> None:
    open_desk.show(replace(states.SEVERAL, lesions=(states.FIRST, states.SECOND), can_redo=True, activities=()))
    assert open_desk.press(key, modifier or Qt.KeyboardModifier.NoModifier) == told


def test_a_key_whose_button_can_do_nothing_does_nothing(open_desk: Desk) -> None:
    open_desk.show(states.OPENED)
    for key in (Key.Key_F, Key.Key_S, Key.Key_A, Key.Key_Plus):
        assert open_desk.press(key) == []


def test_keys_belong_to_slicer_again_when_another_module_is_opened(open_desk: Desk) -> None:
    open_desk.show(states.SEVERAL)
    open_desk.panel.leave()
    assert open_desk.press(Key.Key_F) == []


def test_a_letter_typed_into_a_field_stays_a_letter(open_desk: Desk) -> None:
    open_desk.show(states.LOST)
    edit = open_desk.ui.urlEdit.native
    edit.setFocus()
    edit.clear()
    open_desk.workflow.calls.clear()
    QTest.keyClicks(edit, "fpx")
    assert (edit.text(), open_desk.told) == ("fpx", [])


def test_a_point_is_placed_by_a_click_and_the_next_click_places_another(desk: Desk) -> None:
    desk.show(states.OPENED)
    assert desk.click("placePointButton") == []
    assert desk.ui.placePointButton.checked
    assert _interaction(desk).GetCurrentInteractionMode() == _interaction(desk).Place
    _click(desk, (1.0, 2.0, 3.0))
    _click(desk, (4.0, 5.0, 6.0))
    assert desk.told == [("place_point", {"point_mm": (1.0, 2.0, 3.0)}), ("place_point", {"point_mm": (4.0, 5.0, 6.0)})]


def test_two_clicks_make_a_line_and_two_a_circle(desk: Desk) -> None:
    desk.show(states.OPENED)
    desk.click("placeLineButton")
    _click(desk, (0.0, 0.0, 0.0))
    assert desk.told == []
    _click(desk, (3.0, 4.0, 0.0))
    assert desk.told == [("place_line", {"start_mm": (0.0, 0.0, 0.0), "end_mm": (3.0, 4.0, 0.0)})]
    desk.click("placeCircleButton")
    _click(desk, (0.0, 0.0, 0.0), (3.0, 4.0, 0.0))
    assert desk.told == [("place_circle", {"centre_mm": (0.0, 0.0, 0.0), "radius_mm": 5.0, "normal_axis": 2})]


def test_a_circle_stands_in_the_slice_that_was_clicked(desk: Desk) -> None:
    crosshair = desk.scene.AddNode(slicer.vtkMRMLCrosshairNode())
    view = desk.scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetSliceToRASByNTP(0, 1, 0, -1, 0, 0, 0, 0, 0, 0)
    crosshair.SetCursorPositionXYZ([1.0, 1.0, 0.0], view)
    desk.show(states.OPENED)
    desk.click("placeCircleButton")
    _click(desk, (0.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    assert desk.told[0][1]["normal_axis"] == 1


def test_a_click_excludes_a_point_from_the_selected_lesion(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    desk.click("excludeButton")
    _click(desk, (9.0, 8.0, 7.0))
    assert desk.told == [("exclude", {"point_mm": (9.0, 8.0, 7.0)})]


def test_placing_leaves_nothing_behind_in_the_scene(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    before = desk.scene.GetNumberOfNodes()
    for button in ("placePointButton", "placeLineButton", "excludeButton"):
        desk.click(button)
    _click(desk, (1.0, 1.0, 1.0))
    desk.click("excludeButton")
    assert desk.scene.GetNumberOfNodes() == before
    assert not desk.ui.excludeButton.checked
    assert _interaction(desk).GetCurrentInteractionMode() != _interaction(desk).Place


def test_placing_ends_when_the_user_ends_it_in_the_view_or_the_case_is_closed(desk: Desk) -> None:
    desk.show(states.OPENED)
    desk.click("placePointButton")
    _interaction(desk).SwitchToViewTransformMode()
    desk.settle()
    assert not desk.ui.placePointButton.checked
    desk.click("placePointButton")
    assert desk.ui.placePointButton.checked
    desk.show(states.CONNECTED)
    assert not desk.ui.placePointButton.checked


def test_the_timer_lets_the_workflow_deliver_many_times_a_second(desk: Desk) -> None:
    assert desk.panel._timer.interval == 30
    waited_ms = 0
    while desk.workflow.ticks < 10 and waited_ms < 10_000:
        desk.wait(100)
        waited_ms += 100
    assert desk.workflow.ticks >= 10
    desk.panel.close()
    before = desk.workflow.ticks
    desk.wait(100)
    assert desk.workflow.ticks == before


def test_the_token_is_kept_only_when_asked_and_forgotten_when_no_longer(desk: Desk) -> None:
    desk.ui.urlEdit.setText("http://127.0.0.1:8123")
    desk.ui.tokenEdit.setText("a secret")
    desk.click("connectButton")
    assert desk.store == {"LesionLab/url": "http://127.0.0.1:8123"}
    desk.ui.rememberTokenCheck.native.setChecked(True)
    assert desk.store["LesionLab/token"] == "a secret"
    desk.ui.rememberTokenCheck.native.setChecked(False)
    assert "LesionLab/token" not in desk.store


def test_the_demo_case_is_opened_as_soon_as_the_users_own_server_has_answered(desk: Desk) -> None:
    desk.panel.open_demo()
    assert [name for name, _ in desk.told] == ["connect"]
    desk.show(replace(states.OFFLINE, connection=Connection("connecting", "http://127.0.0.1:8000")))
    desk.show(replace(states.CONNECTED, cases=()))
    desk.workflow.calls.clear()
    desk.show(states.CONNECTED)
    desk.show(states.CONNECTED)
    assert desk.told == [("open_case", {"name": "chest", "discard": False})]


def test_a_server_without_the_demo_case_is_said_to_have_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(slicer.util, "infoDisplay", said.append)
    desk.show(replace(states.CONNECTED, cases=states.CONNECTED.cases[:1]))
    desk.workflow.calls.clear()
    desk.panel.open_demo()
    assert desk.told == []
    assert said == ["This server has no demo case. Start one with: make demo"]


def test_sample_data_lists_the_demo_case_and_downloads_it_through_the_panel_only(
    application: object, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import sys

    from LesionLabLib.panel.demo import register_sample_data

    listed: list[dict] = []
    logic = SimpleNamespace(registerCustomSampleDataSource=lambda **source: listed.append(source))
    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=logic))
    opened: list[bool] = []
    register_sample_data(tmp_path, lambda: opened.append(True))
    assert listed[0]["category"] == "LesionLab"
    assert not listed[0]["uris"].startswith("http")
    listed[0]["customDownloader"](SimpleNamespace())
    assert opened == [True]

"""Panel tests with stand-ins for Slicer's widgets: what each widget makes the workflow do."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt

from tests.extension.desktop import states
from tests.extension.desktop.desk import RESOURCES, Desk

UI = RESOURCES / "UI" / "LesionLab.ui"
#: What a widget of a class tells when it is used.
ACTING = {
    "QPushButton": {"clicked"},
    "QToolButton": {"clicked"},
    "QCheckBox": {"toggled", "clicked"},
    "ctkSliderWidget": {"valueChanged"},
}
#: Read when another widget is used.
READ_LATER = {"strategyCombo", "explainCombo", "caseCombo", "percentSpin", "epochsSpin", "tokenEdit"}

BUTTONS = [
    (states.CONNECTED, "disconnectButton", "disconnect", {}),
    (states.LOST, "reconnectButton", "reconnect", {}),
    (states.CONNECTED, "refreshCasesButton", "refresh_cases", {}),
    (states.CONNECTED, "openCaseButton", "open_case", {"name": "case_a", "discard": False}),
    (states.CONNECTED, "nextCaseButton", "open_next", {"strategy": "first", "discard": False}),
    (states.OPENED, "closeCaseButton", "close_case", {"discard": False}),
    (states.FOUND, "runButton", "run", {}),
    (states.SEVERAL, "freezeButton", "freeze", {"lesion_id": "a", "frozen": True}),
    (states.SEVERAL, "runAgainButton", "run_again", {"lesion_id": "a"}),
    (states.SEVERAL, "deleteButton", "delete", {"lesion_id": "a"}),
    (states.SEVERAL, "undoButton", "undo", {}),
    (replace(states.SEVERAL, can_redo=True), "redoButton", "redo", {}),
    (states.FOUND, "previousCandidateButton", "previous_candidate", {}),
    (states.FOUND, "nextCandidateButton", "next_candidate", {}),
    (states.FOUND, "acceptCandidateButton", "accept_candidate", {}),
    (states.FOUND, "rejectCandidateButton", "reject_candidate", {}),
    (replace(states.SEVERAL, lesions=(states.FIRST,)), "submitButton", "submit", {}),
    (replace(states.SEVERAL, conflict="r9"), "submitOverButton", "submit", {"over_conflict": True}),
    (states.TRAINED, "startTrainingButton", "start_training", {"epochs": None}),
    (states.TRAINING, "cancelTrainingButton", "cancel_training", {}),
    (states.LOST, "dismissNoticeButton", "dismiss_notice", {}),
]


@pytest.mark.parametrize(
    ("state", "button", "action", "arguments"), BUTTONS, ids=[button for _, button, _, _ in BUTTONS]
)
def test_a_button_calls_its_method_of_the_workflow_and_no_other(
    desk: Desk, state: object, button: str, action: str, arguments: dict
) -> None:
    desk.show(state)
    assert desk.click(button) == [(action, arguments)]


def test_every_widget_of_the_ui_file_that_can_be_used_is_connected(desk: Desk) -> None:
    from tests.extension.desktop.standins.pythonqt import connected_signals

    widgets = [(entry.get("name"), entry.get("class")) for entry in ElementTree.parse(UI).iter("widget")]
    acting = [(name, ACTING[kind]) for name, kind in widgets if kind in ACTING]
    assert len(acting) >= 30
    dead = [name for name, signals in acting if not signals & set(connected_signals(getattr(desk.ui, name)))]
    assert dead == []


def test_every_input_of_the_ui_file_is_connected_or_read_when_its_button_is_pressed(desk: Desk) -> None:
    from tests.extension.desktop.standins.pythonqt import connected_signals

    kinds = {"QComboBox", "QLineEdit", "QSpinBox", "QDoubleSpinBox", "qMRMLNodeComboBox", "QTableWidget"}
    inputs = {entry.get("name") for entry in ElementTree.parse(UI).iter("widget") if entry.get("class") in kinds}
    only_shown = {"scoreTable", "trackTable"}
    unconnected = {name for name in inputs if not connected_signals(getattr(desk.ui, name))}
    assert unconnected <= READ_LATER | only_shown
    assert READ_LATER | only_shown <= inputs


def test_every_button_has_a_tooltip(desk: Desk) -> None:
    for entry in ElementTree.parse(UI).iter("widget"):
        if entry.get("class") in ACTING:
            assert getattr(desk.ui, entry.get("name")).toolTip, entry.get("name")


def test_connect_takes_the_address_and_the_token_as_typed(desk: Desk) -> None:
    desk.ui.urlEdit.setText(" localhost:8000 ")
    desk.ui.tokenEdit.setText("a secret")
    assert desk.click("connectButton") == [("connect", {"url": "localhost:8000", "token": "a secret"})]


def test_leaving_unsaved_work_asks_first_and_goes_only_after_yes(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    desk.answer = False
    assert desk.click("nextCaseButton") == []
    assert len(desk.questions) == 1
    assert "case_b" in desk.questions[0]
    desk.answer = True
    assert desk.click("nextCaseButton") == [("open_next", {"strategy": "first", "discard": True})]
    assert desk.click("closeCaseButton") == [("close_case", {"discard": True})]


def test_a_volume_of_the_scene_can_be_used(desk: Desk) -> None:
    node_id = desk.add_volume("MR head")
    assert not desk.ui.useVolumeButton.enabled
    desk.ui.volumeSelector.native.setCurrentNodeID(node_id)
    assert desk.click("useVolumeButton") == [("use_volume", {"node_id": node_id, "discard": False})]


def test_an_isodose_is_marked_at_the_chosen_percentage(desk: Desk) -> None:
    node_id = desk.add_volume("dose")
    desk.show(states.OPENED)
    desk.ui.doseSelector.native.setCurrentNodeID(node_id)
    desk.ui.percentSpin.native.setValue(80.0)
    assert desk.click("placeIsodoseButton") == [("place_isodose", {"dose_node_id": node_id, "percent": 80.0})]


def test_the_size_slider_resizes_the_selected_lesion(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    desk.workflow.calls.clear()
    desk.ui.sizeSlider.native.setValue(14.5)
    assert desk.told == [("resize", {"lesion_id": "a", "size_mm": 14.5})]


def test_clicking_a_row_selects_the_lesion_and_editing_its_name_renames_it(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    table = desk.ui.lesionTable.native
    desk.workflow.calls.clear()
    table.selectRow(2)
    assert desk.told == [("select", {"lesion_id": "c"})]
    desk.workflow.calls.clear()
    table.item(0, 0).setText("Index lesion")
    assert desk.told == [("rename", {"lesion_id": "a", "name": "Index lesion"})]
    assert not table.item(0, 1).flags() & Qt.ItemFlag.ItemIsEditable


def test_presence_and_absence_are_said_with_one_press(desk: Desk) -> None:
    desk.show(states.OPENED)
    desk.workflow.calls.clear()
    _child(desk, "presence_no_lesion").click()
    assert desk.told == [("set_presence", {"label": "lesion", "present": False})]


def test_an_activity_is_cancelled_by_its_own_button(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    desk.workflow.calls.clear()
    buttons = [button for button in _children(desk, "cancelActivityButton") if button.isVisible()]
    buttons[1].click()
    assert desk.told == [("cancel", {"activity_id": 8})]


def test_the_heat_map_is_shown_hidden_and_set(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    desk.workflow.calls.clear()
    desk.ui.heatOpacitySlider.native.setValue(0.8)
    desk.ui.heatThresholdSlider.native.setValue(0.1)
    desk.ui.heatVolumeCheck.native.setChecked(True)
    desk.ui.heatCheck.native.setChecked(False)
    desk.ui.heatCheck.native.setChecked(True)
    assert desk.told == [
        ("set_heat", {"opacity": 0.8}),
        ("set_heat", {"threshold": 0.1}),
        ("show_heat_volume", {"on": True}),
        ("hide_heat", {}),
        ("show_heat", {"name": "probability"}),
    ]


def test_the_answer_is_explained_in_the_chosen_way(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    assert [desk.ui.explainCombo.native.itemText(n) for n in range(2)] == ["Grad-CAM", "Deep SHAP"]
    desk.ui.explainCombo.native.setCurrentIndex(1)
    desk.workflow.calls.clear()
    assert desk.click("explainButton") == [("explain", {"method": "deepshap"})]
    desk.show(replace(states.SEVERAL, selected="b"))
    assert desk.ui.explainCombo.native.currentIndex() == 1


def test_another_version_is_taken_into_use_after_it_is_selected(desk: Desk) -> None:
    desk.show(states.TRAINED)
    desk.ui.trainingSection.native.setCollapsed(False)
    assert not desk.ui.useVersionButton.enabled
    desk.ui.versionTable.native.selectRow(1)
    assert desk.click("useVersionButton") == [("use_version", {"version": "1.2.0"})]
    desk.ui.versionTable.native.selectRow(0)
    assert "in use" in desk.ui.useVersionButton.toolTip


def test_epochs_are_sent_when_the_reader_gives_them(desk: Desk) -> None:
    desk.show(states.TRAINED)
    desk.ui.epochsSpin.native.setValue(30)
    assert desk.click("startTrainingButton") == [("start_training", {"epochs": 30})]


def test_choosing_a_task_tells_the_workflow_its_name(desk: Desk) -> None:
    desk.show(states.CONNECTED)
    desk.workflow.calls.clear()
    desk.ui.taskCombo.native.setCurrentIndex(1)
    assert desk.told == [("choose_task", {"name": "finder"})]


def _children(desk: Desk, name: str) -> list:
    from PySide6.QtWidgets import QAbstractButton

    return desk.root.findChildren(QAbstractButton, name)


def _child(desk: Desk, name: str) -> object:
    return _children(desk, name)[0]

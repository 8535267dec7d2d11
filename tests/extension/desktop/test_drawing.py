"""Panel tests with stand-ins for Slicer's widgets: what each state looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from LesionLabLib.answers import Anomaly, TrackBox
from LesionLabLib.workflow.state import Connection, Notice
from tests.extension.desktop import states
from tests.extension.desktop.desk import Desk


def _shown(desk: Desk, name: str) -> bool:
    return getattr(desk.ui, name).native.isVisibleTo(desk.root)


def _cells(desk: Desk, table: str) -> list[list[str]]:
    native = getattr(desk.ui, table).native
    return [
        [native.item(row, column).text() for column in range(native.columnCount())] for row in range(native.rowCount())
    ]


def test_drawing_a_state_tells_the_workflow_nothing(desk: Desk) -> None:
    for state in (
        states.CONNECTED,
        states.SEVERAL,
        states.FOUND,
        states.TRAINING,
        states.TRAINED,
        states.LOST,
        states.OFFLINE,
    ):
        desk.show(state)
    assert desk.told == []


def test_without_a_server_only_connecting_can_be_done_and_the_rest_says_why(desk: Desk) -> None:
    desk.show(states.OFFLINE)
    assert desk.ui.connectButton.enabled
    for name in (
        "nextCaseButton",
        "openCaseButton",
        "runButton",
        "submitButton",
        "startTrainingButton",
        "useVersionButton",
        "refreshCasesButton",
    ):
        button = getattr(desk.ui, name)
        assert not button.enabled
        assert button.toolTip.endswith("Connect to a server first.")


DISABLED = [
    (states.CONNECTED, "placePointButton", "Open a case"),
    (states.OPENED, "runButton", "place a point"),
    (states.OPENED, "excludeButton", "Select a lesion"),
    (states.OPENED, "undoButton", "nothing to take back"),
    (states.OPENED, "submitButton", "Nothing has changed"),
    (states.SEVERAL, "submitButton", "still on its way"),
    (replace(states.SEVERAL, selected="b"), "deleteButton", "frozen"),
    (replace(states.SEVERAL, selected="b"), "sizeSlider", "frozen"),
    (replace(states.SEVERAL, selected="c"), "sizeSlider", "end of the line"),
    (replace(states.SEVERAL, selected="c"), "runAgainButton", "at it"),
    (states.OPENED, "heatCheck", "no heat map"),
    (states.OPENED, "explainButton", "Select a lesion"),
    (replace(states.OPENED, task="finder"), "explainButton", "cannot explain"),
    (states.CONNECTED, "explainButton", "Open a case"),
    (states.OPENED, "acceptCandidateButton", "no candidates"),
    (states.TRAINING, "startTrainingButton", "runs already"),
    (states.TRAINED, "cancelTrainingButton", "No training"),
    (
        replace(states.OPENED, case=replace(states.OPENED.case, on_server=False)),
        "submitButton",
        "not a case of the server",
    ),
    (states.LOST, "submitButton", "reconnect"),
]


@pytest.mark.parametrize(("state", "widget", "why"), DISABLED)
def test_what_can_do_nothing_is_disabled_and_its_tooltip_says_why(
    desk: Desk, state: object, widget: str, why: str
) -> None:
    desk.show(state)
    assert not getattr(desk.ui, widget).enabled
    assert why in getattr(desk.ui, widget).toolTip


def test_a_tooltip_forgets_the_reason_when_it_is_gone(desk: Desk) -> None:
    desk.show(states.OFFLINE)
    desk.show(states.CONNECTED)
    assert desk.ui.nextCaseButton.enabled
    assert desk.ui.nextCaseButton.toolTip == "Open the case that the server suggests (N)."


def test_the_lesion_table_shows_size_diameter_volume_certainty_and_state(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    assert _cells(desk, "lesionTable") == [
        ["Lesion 1", "12.0 mm", "11.4 mm", "0.81 ml", "0.84", "done"],
        ["Upper lobe", "6.0 mm", "6.2 mm", "94 mm³", "0.84", "frozen"],
        ["Lesion 3", "20.0 mm", "–", "–", "–", "running ..."],
        ["Lesion 4", "(9.0 mm)", "11.4 mm", "0.81 ml", "0.84", "failed"],
    ] or _cells(desk, "lesionTable")[3] == ["Lesion 4", "(9.0 mm)", "–", "–", "–", "failed"]
    assert desk.ui.lesionTable.native.item(3, 5).toolTip() == "The point lies outside the image."
    assert desk.ui.lesionTable.native.currentRow() == 0
    assert desk.ui.sizeSlider.value == 12.0
    assert not desk.ui.freezeButton.checked
    desk.show(replace(states.SEVERAL, selected="b"))
    assert desk.ui.freezeButton.checked


def test_a_large_lesion_widens_the_slider(desk: Desk) -> None:
    large = replace(states.FIRST, size_mm=180.0)
    desk.show(replace(states.OPENED, lesions=(large,), selected="a"))
    assert desk.ui.sizeSlider.value == 180.0
    assert desk.ui.sizeSlider.maximum == 270.0
    assert desk.told == []


def test_a_notice_is_shown_in_its_colour_until_it_is_gone(desk: Desk) -> None:
    desk.show(replace(states.CONNECTED, notice=Notice("error", "The disk of the server is full.")))
    assert _shown(desk, "noticeFrame")
    assert desk.ui.noticeText.text == "The disk of the server is full."
    error = desk.ui.noticeFrame.styleSheet
    desk.show(replace(states.CONNECTED, notice=Notice("info", "Saved.")))
    assert desk.ui.noticeFrame.styleSheet != error
    desk.show(states.CONNECTED)
    assert not _shown(desk, "noticeFrame")


def test_activities_show_how_far_they_are_and_stay_in_place(desk: Desk) -> None:
    from PySide6.QtWidgets import QProgressBar

    desk.show(states.SEVERAL)
    frame = desk.ui.activityFrame.native
    bars = frame.findChildren(QProgressBar)
    assert [(bar.maximum(), bar.value()) for bar in bars] == [(0, -1), (100, 40)] or [
        bar.maximum() for bar in bars
    ] == [0, 100]
    further = tuple(replace(activity, share=0.9) for activity in states.SEVERAL.activities)
    desk.show(replace(states.SEVERAL, activities=further))
    assert frame.findChildren(QProgressBar) == bars
    assert [bar.value() for bar in bars] == [90, 90]
    desk.show(states.OPENED)
    assert not _shown(desk, "activityFrame")


def test_the_candidate_looked_at_is_described_with_its_decision(desk: Desk) -> None:
    desk.show(states.FOUND)
    text = desk.ui.candidateText.text
    for words in ("Candidate 2 of 4", "6.0 mm", "confidence 0.80", "undecided", "2 still undecided"):
        assert words in text
    desk.show(replace(states.FOUND, candidate=0))
    assert "accepted" in desk.ui.candidateText.text
    desk.show(states.OPENED)
    assert not _shown(desk, "candidateFrame")
    assert not _shown(desk, "resultSection")


def test_scores_label_certainty_and_measurements_are_shown(desk: Desk) -> None:
    desk.show(states.FOUND)
    assert _cells(desk, "scoreTable") == [["malignant", "0.71"], ["benign", "0.29"]]
    assert "malignant" in desk.ui.resultText.text
    assert "certainty 0.66" in desk.ui.resultText.text
    assert "dense share: 0.314" in desk.ui.resultText.text


def test_an_anomaly_is_told_as_a_percentile_and_a_track_frame_by_frame(desk: Desk) -> None:
    track = (TrackBox(3, (10.0, 20.0, 30.0, 40.0), 0.9),)
    desk.show(replace(states.OPENED, anomaly=Anomaly(4.2, 97.0), track=track))
    assert "97 % of normal images" in desk.ui.resultText.text
    assert _cells(desk, "trackTable") == [["3", "10 20 30 40", "0.90"]]
    desk.show(replace(states.OPENED, anomaly=Anomaly(4.2, None)))
    assert desk.ui.resultText.text == "Anomaly score 4.2"


def test_training_shows_epoch_loss_score_and_time_left(desk: Desk) -> None:
    desk.show(states.TRAINING)
    desk.ui.trainingSection.native.setCollapsed(False)
    text = desk.ui.trainingText.text
    for words in ("epoch 3 of 10", "loss 0.241", "score 0.790", "2 min left"):
        assert words in text
    assert desk.ui.trainingProgress.value == 30
    assert _shown(desk, "trainingProgress")


def test_a_finished_training_shows_how_the_new_version_compares(desk: Desk) -> None:
    desk.show(states.TRAINED)
    assert "0.810 → 0.842, +0.032 (95 %: +0.008 to +0.055; 6 cases)" in desk.ui.trainingText.text
    assert "The new version is in use." in desk.ui.trainingText.text
    refused = replace(
        states.TRAINED.training.comparison, promoted=False, difference=None, reason="No test patients yet."
    )
    desk.show(replace(states.TRAINED, training=replace(states.TRAINED.training, comparison=refused)))
    assert "The old version stays in use. No test patients yet." in desk.ui.trainingText.text


def test_versions_are_listed_and_the_current_one_is_bold(desk: Desk) -> None:
    desk.show(states.TRAINED)
    assert _cells(desk, "versionTable")[0] == ["1.3.0", "2026-03-02 10:15", "24", "dice 0.842"]
    table = desk.ui.versionTable.native
    assert [table.item(row, 0).font().bold() for row in range(2)] == [True, False]


def test_a_conflict_offers_to_submit_over_it(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    assert not _shown(desk, "submitOverButton")
    desk.show(replace(states.SEVERAL, conflict="r9"))
    assert _shown(desk, "submitOverButton")


def test_the_connection_is_told_in_words_and_its_section_folds_when_it_is_there(desk: Desk) -> None:
    desk.show(states.OFFLINE)
    assert not desk.ui.serverSection.collapsed
    desk.show(replace(states.OFFLINE, connection=Connection("connecting", "http://127.0.0.1:8000")))
    assert "Connecting to http://127.0.0.1:8000" in desk.ui.connectionText.text
    assert not desk.ui.connectButton.enabled
    desk.show(states.CONNECTED)
    assert desk.ui.serverSection.collapsed
    assert desk.ui.serverSection.text == "Server: http://127.0.0.1:8000"
    desk.show(states.LOST)
    assert not desk.ui.serverSection.collapsed
    assert "is lost" in desk.ui.connectionText.text


def test_cases_with_a_label_have_a_tick_and_the_open_case_is_chosen(desk: Desk) -> None:
    desk.show(states.CONNECTED)
    combo = desk.ui.caseCombo.native
    assert [combo.itemText(index) for index in range(combo.count())] == ["✓ case_a", "case_b", "chest"]
    desk.show(states.OPENED)
    assert combo.currentText() == "case_b"


def test_the_picture_of_the_panel_shows_icons_and_nothing_is_cut_off(desk: Desk) -> None:
    desk.show(states.SEVERAL)
    picture = desk.picture()
    assert picture.width() <= 440
    assert picture.height() > 700
    for name in (
        "placePointButton",
        "placeLineButton",
        "placeCircleButton",
        "excludeButton",
        "undoButton",
        "submitButton",
    ):
        icon = getattr(desk.ui, name).native.icon()
        assert not icon.isNull(), name
        assert icon.pixmap(24, 24).toImage().pixelColor(0, 0).alpha() == 0
    for name in ("sizeSlider", "deleteButton", "submitButton", "lesionTable"):
        widget = getattr(desk.ui, name).native
        assert widget.height() >= widget.minimumSizeHint().height(), name

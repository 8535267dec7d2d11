"""The panel with stand-ins for Slicer's widgets, on the real workflow and a real MRML scene, against a server in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.extension.desktop.desk import Desk
from tests.extension.workflow.desk import Desk as Reader
from tests.extension.workflow.fakes import FakeClient, FakeServer

#: Inside of the image that the server in memory has.
LESION_MM = (10.0, -7.0, 37.0)
ENDS_MM = ((4.0, -7.0, 37.0), (16.0, -7.0, 37.0))


@pytest.fixture
def reader(application: object, tmp_path: Path) -> Iterator[Reader]:
    server = FakeServer(tmp_path / "server")
    made = Reader(lambda url, token: FakeClient(server, url), tmp_path / "reader", poll_seconds=0.01)
    made.server = server
    yield made
    server.gate.set()
    made.close()


@pytest.fixture
def desk(reader: Reader) -> Iterator[Desk]:
    made = Desk(reader.workflow, reader.mrml)
    yield made
    made.close()


@pytest.fixture
def at_case(desk: Desk, reader: Reader) -> Desk:
    """What a reader does first: connect, choose a case, open it."""
    desk.ui.urlEdit.setText("http://fake")
    desk.click("connectButton")
    _until(desk, reader, lambda: reader.state.cases)
    desk.click("openCaseButton")
    _until(desk, reader, lambda: reader.state.case)
    return desk


def _until(desk: Desk, reader: Reader, done: Callable[[], object]) -> None:
    reader.until(lambda _state: done())
    reader.settle()
    desk.settle()


def _click(desk: Desk, *points: tuple[float, float, float]) -> None:
    selection = desk.scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    node = desk.scene.GetNodeByID(selection.GetActivePlaceNodeID())
    for point in points:
        node.AddControlPointWorld(*point)
    desk.settle()


def _row(desk: Desk, row: int = 0) -> list[str]:
    table = desk.ui.lesionTable.native
    return [table.item(row, column).text() for column in range(table.columnCount())]


def test_connecting_and_opening_a_case_is_shown(at_case: Desk, reader: Reader) -> None:
    assert reader.state.case.name in at_case.ui.caseText.text
    assert at_case.ui.serverSection.collapsed
    assert at_case.ui.placePointButton.enabled


def test_one_click_in_a_view_becomes_a_row_with_a_diameter(at_case: Desk, reader: Reader) -> None:
    at_case.click("placePointButton")
    _click(at_case, LESION_MM)
    _until(at_case, reader, lambda: reader.state.lesions and reader.lesion().status == "done")
    assert reader.voxels().any()
    assert _row(at_case)[5] == "done"
    assert _row(at_case)[2] == f"{reader.lesion().diameter_mm:.1f} mm"
    assert at_case.ui.submitButton.enabled


def test_the_slider_changes_the_mask_and_undo_takes_it_back(at_case: Desk, reader: Reader) -> None:
    at_case.click("placePointButton")
    _click(at_case, LESION_MM)
    _until(at_case, reader, lambda: reader.state.lesions and reader.lesion().status == "done")
    before = reader.voxels().sum()
    at_case.ui.sizeSlider.native.setValue(at_case.ui.sizeSlider.value * 1.5)
    _until(at_case, reader, lambda: reader.state.lesions and reader.lesion().status == "done")
    assert reader.voxels().sum() > 2 * before
    at_case.click("undoButton")
    _until(at_case, reader, lambda: reader.state.lesions and reader.lesion().status == "done")
    assert reader.voxels().sum() == before


def test_a_point_outside_of_the_image_is_said_and_nothing_else_happens(at_case: Desk, reader: Reader) -> None:
    at_case.click("placePointButton")
    _click(at_case, (900.0, 0.0, 0.0))
    reader.settle()
    at_case.settle()
    assert "outside the image" in at_case.ui.noticeText.text
    assert reader.state.lesions == ()
    at_case.click("dismissNoticeButton")
    assert not at_case.ui.noticeFrame.native.isVisibleTo(at_case.root)


def test_a_frozen_lesion_is_submitted_and_there_is_nothing_more_to_submit(at_case: Desk, reader: Reader) -> None:
    at_case.click("placeLineButton")
    _click(at_case, *ENDS_MM)
    _until(at_case, reader, lambda: reader.state.lesions and reader.lesion().status == "done")
    assert _row(at_case)[1] == "12.0 mm"
    at_case.click("freezeButton")
    assert _row(at_case)[5] == "frozen"
    assert not at_case.ui.deleteButton.enabled
    at_case.click("submitButton")
    _until(at_case, reader, lambda: not reader.state.case.unsaved)
    assert reader.server.count("save_label") == 1
    assert not at_case.ui.submitButton.enabled

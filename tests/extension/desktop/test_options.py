"""Panel tests with stand-ins for Slicer's widgets: inputs made from what the server says of a task's fields."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from LesionLabLib.answers import RequestField
from tests.extension.desktop import states
from tests.extension.desktop.desk import Desk

WHOLE = replace(states.OPENED, task="finder")


def _input(desk: Desk, field: str) -> QWidget:
    found = [widget for widget in desk.root.findChildren(QWidget, f"option_{field}") if widget.isVisibleTo(desk.root)]
    assert len(found) <= 1
    return found[0] if found else None


def test_each_field_gets_the_input_of_its_type(desk: Desk) -> None:
    desk.show(WHOLE)
    kinds = {"least_confidence": QDoubleSpinBox, "most": QSpinBox, "window": QComboBox, "note": QLineEdit}
    for field, kind in kinds.items():
        assert isinstance(_input(desk, field), kind)
    assert _input(desk, "rois") is None
    desk.show(states.OPENED)
    assert isinstance(_input(desk, "probability"), QCheckBox)
    assert _input(desk, "note") is None


def test_what_the_marks_say_is_not_asked_for_again(desk: Desk) -> None:
    desk.show(states.OPENED)
    for field in ("point_mm", "size_mm", "exclude_mm"):
        assert _input(desk, field) is None


def test_an_input_has_the_default_the_limits_and_the_description_of_its_field(desk: Desk) -> None:
    desk.show(WHOLE)
    confidence, most = _input(desk, "least_confidence"), _input(desk, "most")
    assert (confidence.minimum(), confidence.value(), confidence.maximum(), confidence.singleStep()) == (
        0.0,
        0.5,
        1.0,
        0.01,
    )
    assert confidence.toolTip() == "Weaker candidates are left out."
    assert most.text() == "as the server sees fit"
    assert most.maximum() == 50
    assert _input(desk, "window").currentText() == "lung"


def test_using_an_input_sets_the_option(desk: Desk) -> None:
    desk.show(WHOLE)
    desk.workflow.calls.clear()
    _input(desk, "least_confidence").setValue(0.25)
    _input(desk, "most").setValue(5)
    _input(desk, "window").setCurrentIndex(1)
    _input(desk, "note").setText("left breast")
    _input(desk, "note").editingFinished.emit()
    assert desk.told == [
        ("set_option", {"field": "least_confidence", "value": 0.25}),
        ("set_option", {"field": "most", "value": 5}),
        ("set_option", {"field": "window", "value": "bone"}),
        ("set_option", {"field": "note", "value": "left breast"}),
    ]
    assert type(desk.told[1][1]["value"]) is int


def test_taking_a_number_back_leaves_it_to_the_server(desk: Desk) -> None:
    desk.show(replace(WHOLE, options=(("most", 5),)))
    most = _input(desk, "most")
    assert most.value() == 5
    desk.workflow.calls.clear()
    most.setValue(most.minimum())
    assert desk.told == [("set_option", {"field": "most", "value": None})]


def test_a_limit_that_is_not_taken_itself_cannot_be_chosen(desk: Desk) -> None:
    field = RequestField(
        "spread", "number", default=1.0, minimum=0.0, maximum=10.0, minimum_allowed=False, maximum_allowed=False
    )
    task = replace(states.WHOLE, fields=(field,))
    desk.show(replace(WHOLE, tasks=(states.CLICKED, task)))
    spread = _input(desk, "spread")
    assert (spread.minimum(), spread.maximum()) == (0.5, 9.5)


def test_inputs_are_kept_while_the_state_changes_otherwise(desk: Desk) -> None:
    desk.show(WHOLE)
    before = _input(desk, "note")
    desk.show(replace(WHOLE, options=(("most", 7),), can_undo=True))
    assert _input(desk, "note") is before

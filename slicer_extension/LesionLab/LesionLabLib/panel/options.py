"""One input for each request field of a task, made from what the server says of the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import qt

from LesionLabLib.workflow.i18n import tr as _

from .widgets import Quietly

if TYPE_CHECKING:
    from LesionLabLib.answers import RequestField
    from LesionLabLib.workflow.state import Value

    Changed = Callable[[str, Value], None]

#: Given by the marks, not typed.
OF_MARKS = frozenset({"point_mm", "size_mm", "exclude_mm", "foreground", "background"})
#: The largest number that an input takes when the server sets no limit.
UNLIMITED = 1_000_000


def offered(field: RequestField) -> bool:
    """Whether a field gets an input: not what the marks say, and not what only a program can write."""
    return field.name not in OF_MARKS and (
        bool(field.choices) or field.type in {"boolean", "integer", "number", "string"}
    )


def make_input(field: RequestField, value: Value, changed: Changed):
    """The widget of a field, showing ``value`` (None: its default); ``changed(name, value)`` is called when the user sets it."""
    shown = field.default if value is None else value
    if field.choices:
        widget = _choice(field, shown, changed)
    elif field.type == "boolean":
        widget = _switch(field, bool(shown), changed)
    elif field.type in {"integer", "number"}:
        widget = _number(field, shown, changed)
    else:
        widget = _text(field, shown, changed)
    widget.setObjectName(f"option_{field.name}")
    widget.setToolTip(field.description)
    return widget


def title(field: RequestField) -> str:
    """A field's name as a label: the unit in brackets."""
    words = field.name.split("_")
    unit = f" ({words.pop()})" if words[-1] in {"mm", "ms", "s"} and len(words) > 1 else ""
    return " ".join(words).capitalize() + unit + ("" if not field.required else " *")


def _choice(field: RequestField, shown: object, changed: Changed):
    combo = qt.QComboBox()
    choices: list[Any] = ([] if field.default is not None or None in field.choices else [None]) + list(field.choices)
    for choice in choices:
        combo.addItem(_("as the server sees fit") if choice is None else str(choice))
    combo.setCurrentIndex(choices.index(shown) if shown in choices else 0)
    combo.connect("currentIndexChanged(int)", lambda index: changed(field.name, choices[index]))
    return combo


def _switch(field: RequestField, shown: bool, changed: Changed):
    check = qt.QCheckBox()
    check.setChecked(shown)
    check.connect("toggled(bool)", lambda on: changed(field.name, bool(on)))
    return check


def _number(field: RequestField, shown: Any, changed: Changed):
    """A spin box; where there is no default, its lowest position stands for None: the server decides."""
    whole = field.type == "integer"
    spin = qt.QSpinBox() if whole else qt.QDoubleSpinBox()
    step = 1 if whole else _step(field)
    lowest = -UNLIMITED if field.minimum is None else field.minimum + (0 if field.minimum_allowed else step)
    highest = UNLIMITED if field.maximum is None else field.maximum - (0 if field.maximum_allowed else step)
    undecided = lowest - step if field.default is None else None
    least = lowest if undecided is None else undecided
    kind = int if whole else float
    if not whole:
        spin.setDecimals(3 if step < 0.1 else 1)
    with Quietly(spin):
        spin.setRange(kind(least), kind(highest))
        spin.setSingleStep(kind(step))
        if undecided is not None:
            spin.setSpecialValueText(_("as the server sees fit"))
        spin.setValue(kind(least if shown is None else shown))
    signal = "valueChanged(int)" if whole else "valueChanged(double)"
    spin.connect(signal, lambda value: changed(field.name, _unless(value, undecided, step)))
    return spin


def _step(field: RequestField) -> float:
    limited = field.minimum is not None and field.maximum is not None and field.maximum - field.minimum <= 1.0
    return 0.01 if limited else 0.5


def _unless(value: float, undecided: float | None, step: float) -> float | None:
    return None if undecided is not None and value < undecided + step / 2 else value


def _text(field: RequestField, shown: object, changed: Changed):
    edit = qt.QLineEdit()
    edit.setText("" if shown is None else str(shown))
    edit.connect("editingFinished()", lambda: changed(field.name, edit.text or None))
    return edit

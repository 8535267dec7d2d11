"""What the sections share: actions that say why they can do nothing, tables and lists that keep their selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

import qt

Cells = Sequence[str]


class Action:
    """A widget that does one thing.

    Args:
        widget: The button, slider or field.
        signal: Its signal's signature, for example ``clicked()``.
        do: Called when the user uses it.
    """

    def __init__(self, widget, signal: str, do: Callable[..., None]) -> None:
        self.widget = widget
        self._tip = widget.toolTip
        widget.connect(signal, do)

    def allow(self, reason: str) -> None:
        """Enable it, or disable it for a reason, which its tooltip then tells."""
        self.widget.setEnabled(not reason)
        self.widget.setToolTip(f"{self._tip}\n{reason}".strip() if reason else self._tip)


class Quietly:
    """Changes a widget without its telling so, as the user did not do it."""

    def __init__(self, *widgets) -> None:
        self._widgets = widgets

    def __enter__(self) -> None:
        self._before = [widget.blockSignals(True) for widget in self._widgets]

    def __exit__(self, *_failure: object) -> None:
        for widget, before in zip(self._widgets, self._before):
            widget.blockSignals(before)


def fill_list(combo, entries: Sequence[tuple[str, str]], chosen: str) -> None:
    """Fill a combo box with (data, text) entries and choose one, quietly; an unknown ``chosen`` chooses the first."""
    with Quietly(combo):
        combo.clear()
        for data, text in entries:
            combo.addItem(text, data)
        names = [data for data, _text in entries]
        combo.setCurrentIndex(names.index(chosen) if chosen in names else 0 if names else -1)


def chosen_of(combo) -> str:
    """The data of a combo box's chosen entry; empty when none is."""
    return str(combo.itemData(combo.currentIndex)) if combo.currentIndex >= 0 else ""


def fill_table(table, rows: Sequence[Cells], editable_columns: Sequence[int] = ()) -> None:
    """Write all rows of a table, quietly. Its height follows the rows, up to eight."""
    with Quietly(table):
        table.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
                item.setFlags(flags | qt.Qt.ItemIsEditable if column in editable_columns else flags)
                table.setItem(row, column, item)
    lines = min(max(len(rows), 2), 8)
    table.setFixedHeight(table.horizontalHeader().height + lines * table.verticalHeader().defaultSectionSize + 4)


def stretch_first_column(table) -> None:
    """Let the first column take the room that the others leave."""
    header = table.horizontalHeader()
    for column in range(table.columnCount):
        header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents if column else qt.QHeaderView.Stretch)
    table.verticalHeader().setDefaultSectionSize(24)


def clear_layout(layout) -> None:
    """Remove everything from a layout."""
    while layout.count():
        widget = layout.takeAt(0).widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()

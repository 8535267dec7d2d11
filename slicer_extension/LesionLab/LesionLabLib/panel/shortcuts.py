"""Keys, as long as the module is open: each presses a button of the panel, and only one that can be pressed."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import qt


class Shortcuts:
    """The keys of the panel, on the whole main window, so that they work with the mouse in a slice view.

    Args:
        window: The widget in which the keys count.
        ui: The panel's widgets.
        nudge: Makes the selected lesion larger (+1) or smaller (-1).
        stop_placing: Ends placing.
    """

    def __init__(self, window, ui, nudge: Callable[[int], None], stop_placing: Callable[[], None]) -> None:
        self._open = False
        self._keys: list[tuple[Any, Any]] = []
        buttons = {
            "P": ui.placePointButton,
            "L": ui.placeLineButton,
            "C": ui.placeCircleButton,
            "X": ui.excludeButton,
            "F": ui.freezeButton,
            "Del": ui.deleteButton,
            "Ctrl+Z": ui.undoButton,
            "Ctrl+Y": ui.redoButton,
            "Ctrl+Shift+Z": ui.redoButton,
            "N": ui.nextCaseButton,
            "A": ui.acceptCandidateButton,
            "R": ui.rejectCandidateButton,
            "S": ui.submitButton,
        }
        for key, button in buttons.items():
            self._add(window, key, button.click, button)
        for key, steps in (("+", 1), ("=", 1), ("-", -1)):
            self._add(window, key, partial(nudge, steps), ui.sizeSlider)
        self._add(window, "Esc", stop_placing, ui.placePointButton)
        self.update()

    def _add(self, window, key: str, do: Callable[[], object], widget) -> None:
        shortcut = qt.QShortcut(qt.QKeySequence(key), window)
        shortcut.connect("activated()", lambda: do())
        # Slicer may use the key for an action of its own: while the module is open, ours comes first.
        shortcut.connect("activatedAmbiguously()", lambda: do())
        self._keys.append((shortcut, widget))

    def open(self, is_open: bool) -> None:
        """Listen to the keys, or leave them to Slicer."""
        self._open = is_open
        self.update()

    def update(self) -> None:
        """Listen only to keys whose button can be pressed: the others keep what they mean to Slicer."""
        for shortcut, widget in self._keys:
            shortcut.setEnabled(self._open and bool(widget.enabled))

    def close(self) -> None:
        """Give all keys back."""
        for shortcut, _widget in self._keys:
            shortcut.setEnabled(False)
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._keys = []

"""The one place where the state changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

from .state import Lesion, Notice, State

Listener = Callable[[State], None]


class Current:
    """The state as it is now, and those who want to hear of changes.

    Attributes:
        state: what there is to show.
        epoch: counts the images opened and closed; what was asked in another epoch is about another image.
        edits: counts what the user changed.
        saved_masks: the digest of the masks as they were opened or last submitted.
    """

    def __init__(self) -> None:
        self.state = State()
        self.epoch = 0
        self.edits = 0
        self.saved_masks = ""
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every new state; the answer unsubscribes it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def forget_listeners(self) -> None:
        """Tell nobody any more."""
        self._listeners.clear()

    def change(self, **fields: Any) -> None:
        """Replace fields of the state; those who listen hear of it when any differs."""
        if all(getattr(self.state, name) is value for name, value in fields.items()):
            return
        self.state = replace(self.state, **fields)
        for listener in tuple(self._listeners):
            listener(self.state)

    def change_case(self, **fields: Any) -> None:
        """Replace fields of the open case, if one is open."""
        case = self.state.case
        if case is not None and any(getattr(case, name) != value for name, value in fields.items()):
            self.change(case=replace(case, **fields))

    def put_lesion(self, lesion: Lesion) -> None:
        """Replace the lesion of the same id, or add it."""
        lesions = self.state.lesions
        if self.state.lesion(lesion.id) is None:
            self.change(lesions=(*lesions, lesion))
        else:
            self.change(lesions=tuple(lesion if old.id == lesion.id else old for old in lesions))

    def touch(self) -> None:
        """The user changed something that is not submitted yet."""
        self.edits += 1
        self.change_case(unsaved=True)

    def say(self, level: str, text: str) -> None:
        """Tell the user."""
        self.change(notice=Notice(level, text))

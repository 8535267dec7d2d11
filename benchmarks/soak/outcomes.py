"""What came of a reader's actions: that something comes of them is part of the result."""

from __future__ import annotations

from collections import Counter
from typing import Any

from LesionLabLib.workflow.state import DONE, RUNNING


class Outcomes:
    """Counts what the workflow of the extension tells.

    Attributes:
        notices: messages to the reader, by level.
        seen: everything else.
    """

    def __init__(self, workflow: Any) -> None:
        self.notices: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self._workflow = workflow
        self._last: Any = workflow.state
        workflow.subscribe(self._count)

    def count_action(self) -> None:
        """Under which circumstances something was done."""
        state = self._workflow.state
        self.seen["actions on an open image"] += state.case is not None
        self.seen["actions among lesions"] += bool(state.lesions)
        self.seen["actions while a request ran"] += bool(state.activities)

    def _count(self, state: Any) -> None:
        last, self._last = self._last, state
        if state.notice is not None and state.notice is not last.notice:
            self.notices[state.notice.level] += 1
        if state.lesions is not last.lesions:
            for lesion in state.lesions:
                old = last.lesion(lesion.id)
                if lesion.status == DONE and old is not None and old.status == RUNNING:
                    self.seen["masks from the server"] += 1
        if state.case is not None and last.case is not None and state.case.revision != last.case.revision:
            self.seen["labels saved"] += 1
        if state.case is not None and last.case is None:
            self.seen["images opened"] += 1
        if state.connection.status != last.connection.status:
            self.seen[f"connection {state.connection.status}"] += 1

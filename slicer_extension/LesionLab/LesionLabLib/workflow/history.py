"""Undo and redo: what was done is remembered as it was before and as it was after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from .context import Context
from .state import REGION, Lesion

if TYPE_CHECKING:
    from LesionLabLib.answers import Candidate
    from LesionLabLib.scene import SceneSnapshot


@dataclass(frozen=True)
class Memento:
    """The user's work at one moment."""

    lesions: tuple[Lesion, ...]
    selected: str
    presence: tuple[tuple[str, bool], ...]
    candidates: tuple[Candidate, ...]
    candidate: int
    decisions: tuple[str, ...]
    snapshot: SceneSnapshot


class History:
    """The steps that can be taken back, and those that were.

    Args:
        context: the workflow's.
        resume: called after a restore; finds out masks that were not known at that moment.
    """

    def __init__(self, context: Context, resume: Callable[[], None]) -> None:
        self._context = context
        self._resume = resume
        self._past: list[Memento] = []
        self._future: list[Memento] = []
        self._last: tuple[str, float] = ("", 0.0)
        self._open = False

    @contextmanager
    def step(self, key: str = "") -> Iterator[None]:
        """What happens within is one step, with all steps inside. Quick ones of one key become one; a failed one is undone."""
        if self._open:
            yield
            return
        before = self._remember()
        self._open = True
        try:
            yield
        except Exception:
            self._put_back(before)
            raise
        finally:
            self._open = False
        now = time.monotonic()
        nudge = bool(key) and self._last[0] == key and now - self._last[1] < self._context.settings.nudge_seconds
        if not (nudge and self._past):
            self._past.append(before)
            del self._past[: -self._context.settings.undo_steps]
        self._last = (key, now)
        self._future.clear()
        self._show()
        self._context.current.touch()

    def undo(self) -> None:
        """Take the last step back."""
        self._go(self._past, self._future)

    def redo(self) -> None:
        """Do again what was taken back."""
        self._go(self._future, self._past)

    def clear(self) -> None:
        """Forget all steps."""
        self._past.clear()
        self._future.clear()
        self._last = ("", 0.0)
        self._show()

    def _go(self, source: list[Memento], target: list[Memento]) -> None:
        if not source:
            return
        target.append(self._remember())
        self._put_back(source.pop())
        self._last = ("", 0.0)
        self._show()
        self._context.current.touch()
        self._resume()

    def _remember(self) -> Memento:
        state = self._context.state
        return Memento(
            state.lesions,
            state.selected,
            state.presence,
            state.candidates,
            state.candidate,
            state.candidate_decisions,
            self._context.scene.snapshot(),
        )

    def _put_back(self, memento: Memento) -> None:
        scene, current = self._context.scene, self._context.current
        scene.restore(memento.snapshot)
        for lesion in memento.lesions:
            # A mark that the user dragged lies elsewhere in the snapshot already.
            if lesion.shape != REGION:
                scene.show_mark(lesion)
        current.change(lesions=memento.lesions, selected=memento.selected, presence=memento.presence)
        if memento.candidates is current.state.candidates:
            current.change(candidate=memento.candidate, candidate_decisions=memento.decisions)
            scene.show_candidates(memento.candidates, memento.candidate)

    def _show(self) -> None:
        self._context.current.change(can_undo=bool(self._past), can_redo=bool(self._future))

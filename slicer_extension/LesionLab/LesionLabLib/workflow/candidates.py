"""A detector's candidates: walked through, accepted as lesions, or rejected."""

from __future__ import annotations

from .checking import BadInput
from .context import Context
from .history import History
from .placing import Placing
from .prompts import Prompts
from .state import ACCEPTED, REJECTED, UNDECIDED


class Candidates:
    """The candidate looked at, and the decisions on all of them."""

    def __init__(self, context: Context, history: History, placing: Placing, prompts: Prompts) -> None:
        self._context = context
        self._history = history
        self._placing = placing
        self._prompts = prompts

    def show(self) -> None:
        """Show what was found, the best first."""
        state = self._context.state
        self._context.current.change(
            candidate=0 if state.candidates else -1, candidate_decisions=(UNDECIDED,) * len(state.candidates)
        )
        self._look()

    def step(self, by: int) -> None:
        """Go on or back; after the last comes the first."""
        count = len(self._context.state.candidates)
        if count == 0:
            raise BadInput("There are no candidates. Run a detector first.")
        self._context.current.change(candidate=(self._context.state.candidate + by) % count)
        self._look()

    def accept(self) -> None:
        """Make a lesion of it; its mask is asked for."""
        place = self._undecided_one()
        candidate = self._context.state.candidates[place]
        with self._history.step():
            lesion = self._placing.candidate(candidate.point_mm, candidate.size_mm)
            self._decide(place, ACCEPTED)
        self._prompts.ask(lesion.id)

    def reject(self) -> None:
        """It is no lesion."""
        place = self._undecided_one()
        with self._history.step():
            self._decide(place, REJECTED)

    def _undecided_one(self) -> int:
        state = self._context.state
        if not 0 <= state.candidate < len(state.candidates):
            raise BadInput("There are no candidates. Run a detector first.")
        if state.candidate_decisions[state.candidate] != UNDECIDED:
            raise BadInput("This candidate is decided already. Undo takes a decision back.")
        return state.candidate

    def _decide(self, place: int, decision: str) -> None:
        state = self._context.state
        decisions = tuple(decision if n == place else old for n, old in enumerate(state.candidate_decisions))
        count = len(decisions)
        ahead = ((place + step) % count for step in range(1, count))
        following = next((n for n in ahead if decisions[n] == UNDECIDED), place)
        self._context.current.change(candidate_decisions=decisions, candidate=following)
        self._look()

    def _look(self) -> None:
        state = self._context.state
        self._context.scene.show_candidates(state.candidates, state.candidate)
        if state.candidate >= 0:
            self._context.scene.jump_to(state.candidates[state.candidate].point_mm)

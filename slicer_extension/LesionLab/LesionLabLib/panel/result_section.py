"""What a task found on the whole image: candidates to walk through, class scores, measurements, an anomaly score, a track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import ACCEPTED, REJECTED, UNDECIDED

from . import numbers
from .widgets import Action, fill_table, stretch_first_column

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class ResultSection:
    """Shows what there is, and nothing of what there is not."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        stretch_first_column(ui.scoreTable)
        stretch_first_column(ui.trackTable)
        self._walk = [
            Action(ui.previousCandidateButton, "clicked()", workflow.previous_candidate),
            Action(ui.nextCandidateButton, "clicked()", workflow.next_candidate),
            Action(ui.acceptCandidateButton, "clicked()", workflow.accept_candidate),
            Action(ui.rejectCandidateButton, "clicked()", workflow.reject_candidate),
        ]
        self._drawn: object = None

    def render(self, state: State) -> None:
        """Draw the results."""
        for action in self._walk:
            action.allow(reasons.candidates(state))
        drawn = (
            state.candidates,
            state.candidate,
            state.candidate_decisions,
            state.scores,
            state.label,
            state.certainty,
            state.measurements,
            state.anomaly,
            state.track,
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        text = "<br>".join(_sentences(state))
        self._ui.resultText.setText(text)
        self._ui.resultText.setVisible(bool(text))
        self._ui.candidateFrame.setVisible(bool(state.candidates))
        self._ui.candidateText.setText(_candidate(state))
        fill_table(
            self._ui.scoreTable,
            [(score.name.replace("_", " "), numbers.share(score.probability)) for score in state.scores],
        )
        self._ui.scoreTable.setVisible(bool(state.scores))
        boxes = [
            (str(box.frame), " ".join(f"{edge:.0f}" for edge in box.box), numbers.share(box.confidence))
            for box in state.track
        ]
        fill_table(self._ui.trackTable, boxes)
        self._ui.trackTable.setVisible(bool(boxes))
        self._ui.resultSection.setVisible(bool(text or state.candidates or state.scores or boxes))


def _candidate(state: State) -> str:
    if not 0 <= state.candidate < len(state.candidates):
        return _("{count} candidates").format(count=len(state.candidates)) if state.candidates else ""
    candidate = state.candidates[state.candidate]
    words = {UNDECIDED: _("undecided"), ACCEPTED: _("accepted"), REJECTED: _("rejected")}
    decided = (
        words[state.candidate_decisions[state.candidate]]
        if state.candidate < len(state.candidate_decisions)
        else words[UNDECIDED]
    )
    place = _("Candidate {number} of {count}").format(number=state.candidate + 1, count=len(state.candidates))
    confidence = _("confidence {share}").format(share=numbers.share(candidate.confidence))
    left = sum(decision == UNDECIDED for decision in state.candidate_decisions)
    return f"<b>{place}</b> · {numbers.length(candidate.size_mm)} · {confidence} · {decided}<br>" + _(
        "{left} still undecided"
    ).format(left=left)


def _sentences(state: State) -> list:
    found = []
    if state.label:
        certainty = (
            ""
            if state.certainty is None
            else " · " + _("certainty {share}").format(share=numbers.share(state.certainty))
        )
        found.append(f"<b>{state.label.replace('_', ' ')}</b>{certainty}")
    found += [f"{name.replace('_', ' ')}: {value:.4g}" for name, value in state.measurements]
    if state.anomaly is not None:
        found.append(_anomaly(state.anomaly.score, state.anomaly.percentile))
    return found


def _anomaly(score: float, percentile: object) -> str:
    if percentile is None:
        return _("Anomaly score {score}").format(score=f"{score:.3g}")
    return _("More unusual than {percentile} % of normal images (score {score})").format(
        percentile=f"{percentile:.0f}", score=f"{score:.3g}"
    )

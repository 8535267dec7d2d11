"""What stands above all sections: the notice, and what the server is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt

from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import ERROR, INFO, WARNING

from .widgets import Action, clear_layout

if TYPE_CHECKING:
    from LesionLabLib.worker import Activity
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow

#: Background and text colour of a notice.
COLOURS = {INFO: ("#dcebf7", "#12344d"), WARNING: ("#fdf1cf", "#5c4400"), ERROR: ("#f8dcda", "#6b1410")}


class NoticeBar:
    """The last thing that the user should know, until they take it away."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._dismiss = Action(ui.dismissNoticeButton, "clicked()", workflow.dismiss_notice)

    def render(self, state: State) -> None:
        """Draw the notice."""
        notice = state.notice
        self._ui.noticeFrame.setVisible(notice is not None)
        self._dismiss.allow("")
        if notice is None:
            return
        ground, text = COLOURS.get(notice.level, COLOURS[ERROR])
        self._ui.noticeFrame.setStyleSheet(
            f"QFrame#noticeFrame {{ background: {ground}; border-radius: 4px; }} QLabel {{ color: {text}; }}"
        )
        self._ui.noticeText.setText(notice.text)


class ActivityBar:
    """One line for each thing that takes long: what it is, how far it is, and a button that gives it up."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._workflow = workflow
        self._ids: tuple[tuple[int, bool], ...] = ()
        self._lines: list = []
        ui.activityFrame.setVisible(False)

    def render(self, state: State) -> None:
        """Draw the activities; lines stay in place as long as the same things are done, so that their buttons can be hit."""
        ids = tuple((activity.id, activity.cancellable) for activity in state.activities)
        if ids != self._ids:
            self._ids = ids
            clear_layout(self._ui.activityFrame.layout())
            self._lines = [self._add_line(activity) for activity in state.activities]
            self._ui.activityFrame.setVisible(bool(ids))
        for (text, progress), activity in zip(self._lines, state.activities):
            text.setText(activity.text)
            text.setToolTip("" if activity.running else _("Waits for its turn."))
            progress.setRange(0, 0 if activity.running and activity.share is None else 100)
            progress.setValue(round(100 * (activity.share or 0.0)))

    def _add_line(self, activity: Activity) -> tuple:
        line = qt.QWidget()
        layout = qt.QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        text, progress, cancel = qt.QLabel(activity.text), qt.QProgressBar(), qt.QPushButton(_("Cancel"))
        text.setWordWrap(True)
        progress.setMaximumWidth(110)
        cancel.setObjectName("cancelActivityButton")
        cancel.setToolTip(_("Give this up."))
        cancel.setVisible(activity.cancellable)
        cancel.connect("clicked()", lambda: self._workflow.cancel(activity.id))
        layout.addWidget(text, 1)
        layout.addWidget(progress)
        layout.addWidget(cancel)
        self._ui.activityFrame.layout().addWidget(line)
        return text, progress

"""Where the server is, and whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionLabLib.workflow.i18n import tr as _
from LesionLabLib.workflow.state import CONNECTING, LOST, NONE, READY

from .widgets import Action

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import Connection, State
    from LesionLabLib.workflow.workflow import Workflow

    from .preferences import Preferences

COLOURS = {NONE: "#8a8f98", CONNECTING: "#c98a1b", READY: "#3f9a57", LOST: "#d0453e"}


class ServerSection:
    """Address, token, connect, reconnect, disconnect."""

    def __init__(self, ui, workflow: Workflow, preferences: Preferences) -> None:
        self._ui = ui
        self._workflow = workflow
        self._preferences = preferences
        ui.urlEdit.setText(preferences.url)
        ui.tokenEdit.setText(preferences.token)
        ui.rememberTokenCheck.setChecked(bool(preferences.token))
        self._connect = Action(ui.connectButton, "clicked()", self.connect)
        self._reconnect = Action(ui.reconnectButton, "clicked()", workflow.reconnect)
        self._disconnect = Action(ui.disconnectButton, "clicked()", workflow.disconnect)
        ui.urlEdit.connect("returnPressed()", ui.connectButton.click)
        ui.tokenEdit.connect("returnPressed()", ui.connectButton.click)
        ui.urlEdit.connect("textChanged(QString)", lambda _text: self.render(workflow.state))
        ui.rememberTokenCheck.connect("toggled(bool)", self._remember)
        self._status = ""

    def connect(self) -> None:
        """Connect to the address as typed."""
        self._remember(self._ui.rememberTokenCheck.checked)
        self._workflow.connect(self._ui.urlEdit.text.strip(), self._ui.tokenEdit.text)

    def _remember(self, token_too: bool) -> None:
        self._preferences.remember(self._ui.urlEdit.text.strip(), self._ui.tokenEdit.text if token_too else "")

    def render(self, state: State) -> None:
        """Draw the connection; the section folds itself away once it is there, and opens again when it is lost."""
        connection = state.connection
        self._ui.connectionText.setText(
            f"<span style='color:{COLOURS[connection.status]}'>●</span> {_in_words(connection)}"
        )
        reason = "" if self._ui.urlEdit.text.strip() else _("Type the server's address first.")
        self._connect.allow(_("Connecting already.") if connection.status == CONNECTING else reason)
        self._reconnect.allow("" if connection.status == LOST else _("The server is not lost."))
        self._ui.reconnectButton.setVisible(connection.status == LOST)
        self._disconnect.allow(_("Not connected.") if connection.status == NONE else "")
        if connection.status not in {self._status, CONNECTING}:
            self._ui.serverSection.collapsed = connection.status == READY
        self._status = connection.status
        title = _("Server")
        self._ui.serverSection.text = f"{title}: {connection.url}" if connection.status == READY else title


def _in_words(connection: Connection) -> str:
    words = {
        NONE: _("Not connected."),
        CONNECTING: _("Connecting to {url} ...").format(url=connection.url),
        READY: _("Connected to {url}, version {version}.").format(
            url=connection.url, version=connection.server_version or "?"
        ),
        LOST: _("The server at {url} is lost. Your work in the scene is safe.").format(url=connection.url),
    }
    return f"{words[connection.status]} {connection.message}".strip()

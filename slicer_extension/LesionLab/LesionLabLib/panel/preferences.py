"""What is remembered in the user's own Slicer settings: the address, and the token only when the user asks for it."""

from __future__ import annotations

import getpass
import uuid

import qt
import slicer

URL, TOKEN, CLIENT_ID = "LesionLab/url", "LesionLab/token", "LesionLab/clientId"
DEFAULT_URL = "http://127.0.0.1:8000"


class Preferences:
    """The settings of one user on one machine. A token is stored as plain text.

    Args:
        store: A `QSettings`; by default the application's.
    """

    def __init__(self, store=None) -> None:
        self._store = store if store is not None else qt.QSettings()

    @property
    def url(self) -> str:
        """The server that was last connected to."""
        return str(self._store.value(URL, DEFAULT_URL))

    @property
    def token(self) -> str:
        """The remembered token; empty when none is."""
        return str(self._store.value(TOKEN, ""))

    @property
    def client_id(self) -> str:
        """This workplace's name for the server, the same every time."""
        known = str(self._store.value(CLIENT_ID, ""))
        if not known:
            known = f"slicer-{uuid.uuid4().hex[:8]}"
            self._store.setValue(CLIENT_ID, known)
        return known

    def remember(self, url: str, token: str) -> None:
        """Keep the address; keep the token, or forget it when it is empty."""
        self._store.setValue(URL, url)
        if token:
            self._store.setValue(TOKEN, token)
        else:
            self._store.remove(TOKEN)


def reader_name() -> str:
    """Who works here: the name in Slicer's user information, or else the login."""
    try:
        name = slicer.app.applicationLogic().GetUserInformation().GetName()
    except AttributeError:  # a Slicer older than its user information
        name = ""
    return name or getpass.getuser()

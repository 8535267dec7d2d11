# ruff: noqa: N818  (users and callers read what happened: "server lost", "refused")
"""One tree of errors. Each message is a plain sentence that may be shown to a radiologist as it is."""

from __future__ import annotations


class ExtensionError(Exception):
    """Base of every error that the extension raises on purpose; ``str(error)`` is for the user."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class BadAddress(ExtensionError):
    """What the user typed is no address of a server, or no token."""


class ServerLost(ExtensionError):
    """The server cannot be reached, or stopped answering: trying again later may help."""


class NotOurs(ExtensionError):
    """Something else answers at the address: a stock MONAI Label server, another API version, no such server at all."""


class TooOld(NotOurs):
    """The server is ours, but does not know yet what is asked of it."""


class Refused(ExtensionError):
    """The server refused the request (4xx).

    Attributes:
        status: the HTTP status.
        detail: the server's own sentence, which `message` holds too; empty when it gave none.
    """

    def __init__(self, message: str, status: int, detail: str = "") -> None:
        self.status = status
        self.detail = detail
        super().__init__(message)


class Conflict(Refused):
    """Somebody else saved first (409). Both labels are kept.

    Attributes:
        revision: what we sent, kept beside the head; empty when the server names none.
        head: the label that stands now; empty when the server names none.
        author: who saved that one; empty when the server names nobody.
    """

    def __init__(self, message: str, detail: str = "", revision: str = "", head: str = "", author: str = "") -> None:
        self.revision = revision
        self.head = head
        self.author = author
        super().__init__(message, 409, detail)


class ServerFault(ExtensionError):
    """The server failed (5xx).

    Attributes:
        status: the HTTP status.
        id: names the failure in the server's log; empty when the server gave none.
    """

    def __init__(self, message: str, status: int = 500, id: str = "") -> None:
        self.status = status
        self.id = id
        super().__init__(message)


class BadAnswer(ExtensionError):
    """The server's answer cannot be used: cut off, not what was agreed, or not what was saved."""


class LocalFault(ExtensionError):
    """A file on this computer cannot be read or written."""


class Cancelled(ExtensionError):
    """The user gave the work up."""

    def __init__(self, message: str = "Cancelled.") -> None:
        super().__init__(message)


class Replaced(Cancelled):
    """A newer request of the same key took its place before it began."""

    def __init__(self) -> None:
        super().__init__("A newer request took its place.")

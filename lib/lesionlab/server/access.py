"""Who may ask: programs on this machine, or whoever carries the token; and from which web pages."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from lesionlab.checked import shown
from lesionlab.errors import ForbiddenError, UnauthorizedError

_OPEN_PATHS = frozenset({"/auth", "/auth/", "/auth/token", "/favicon.ico"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HOW = "set LESIONLAB_TOKEN to a secret that clients send, or LESIONLAB_INSECURE_NO_AUTH=1 to let everybody in"


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _host_of(authority: str) -> str:
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True)
class Access:
    """The rules of one server.

    Attributes:
        token: the secret that requests carry as ``Authorization: Bearer``; None asks for none.
        everybody: without a token, let in others than this machine too.
        origins: further web origins ("https://viewer.example") whose pages may use the server.
    """

    token: str | None = None
    everybody: bool = False
    origins: tuple[str, ...] = ()

    def check(self, method: str, path: str, client: str | None, headers: Headers) -> None:
        """Let the request pass or raise.

        Raises:
            UnauthorizedError: the token is missing or wrong.
            ForbiddenError: it comes from another machine or from a foreign web page.
        """
        self._check_origin(method, headers)
        if path in _OPEN_PATHS:
            return
        if self.token is not None:
            if not self.knows(headers.get("authorization", "")):
                raise UnauthorizedError(
                    "the token is missing or wrong", expected="header 'Authorization: Bearer TOKEN'"
                )
        elif not self.everybody:
            self._check_near(client, headers)

    def knows(self, authorization: str) -> bool:
        """Whether an ``Authorization`` header carries the token; takes as long for a wrong one as for the right one."""
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.is_token(given.strip())

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def allows_origin(self, origin: str, headers: Headers) -> bool:
        """Whether pages of a web origin may use the server: loopback ones, its own, and the configured ones."""
        if origin in self.origins:
            return True
        try:
            parts = urlsplit(origin)
            host, authority = parts.hostname or "", parts.netloc
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return is_loopback(host) or (authority != "" and authority == headers.get("host"))

    def _check_origin(self, method: str, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is not None and method not in _SAFE_METHODS and not self.allows_origin(origin, headers):
            raise ForbiddenError(
                "this web page may not use the server", got=shown(origin), expected="a loopback or configured origin"
            )

    @staticmethod
    def _check_near(client: str | None, headers: Headers) -> None:
        if client is not None and not is_loopback(client):
            raise ForbiddenError("only this machine may use the server", got=client, expected="loopback", hint=_HOW)
        # A page whose name was bound anew to this machine still sends its own name.
        host = _host_of(headers.get("host", "localhost"))
        if not is_loopback(host):
            raise ForbiddenError(
                "the server is not known by this name", got=shown(host), expected="localhost", hint=_HOW
            )

"""From what a user types to the address of a server."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import BadAddress

_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "Type it like localhost:8000 or https://lesionlab.hospital.org."
#: Pages of a server, which people copy from their browser.
_PAGES = re.compile(r"/(info|docs|ohif|static|openapi\.json)(/.*)?$")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """Where a server is.

    Attributes:
        scheme: http or https.
        host: name or number, without brackets.
        port: 1 to 65535.
        prefix: path that stands before every route, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def url(self) -> str:
        """The address as text, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.prefix}"


def address_of(text: str) -> Address:
    """The address that a user means.

    Raises:
        BadAddress: it is none.
    """
    typed = text.strip()
    if not typed:
        raise BadAddress(f"No address is given. {_EXAMPLE}")
    found = _SCHEME.fullmatch(typed)
    scheme, rest = (found.group(1).lower(), found.group(2)) if found else ("http", typed)
    if scheme not in _PORTS:
        raise BadAddress(f"The address {_shown(typed)} begins with {scheme}://, but a server has http:// or https://.")
    rest = rest.strip("/")
    if re.search(r"[\s\x00-\x1f\\<>\"{}|^`]", rest):
        raise BadAddress(f"The address {_shown(typed)} holds a space or sign that no address has. {_EXAMPLE}")
    if _is_bare_ipv6(rest):
        rest = f"[{rest}]"
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress(f"The address {_shown(typed)} cannot be understood: {error}. {_EXAMPLE}") from error
    if "@" in parts.netloc:
        raise BadAddress("The address holds a user name or password. Leave it out; the token has its own field.")
    _check_host(host, typed)
    if port == 0:
        raise BadAddress(f"The address {_shown(typed)} has port 0; a port is 1 to 65535.")
    return Address(scheme, host, port or _PORTS[scheme], _PAGES.sub("", parts.path).rstrip("/"))


def checked_token(token: str) -> str:
    """The token without the blanks around it.

    Raises:
        BadAddress: it cannot be a token.
    """
    token = token.strip()
    if not all("!" <= sign <= "~" for sign in token):
        raise BadAddress("The token holds a space or a sign that no token has. Copy it again.")
    return token


def _check_host(host: str, typed: str) -> None:
    if ":" in host:  # in brackets; urlsplit does not look inside before Python 3.11
        if _is_bare_ipv6(host):
            return
        raise BadAddress(f"The address {_shown(typed)} has no valid number in its brackets. {_EXAMPLE}")
    try:
        plain = host.encode("idna").decode("ascii")
    except UnicodeError:
        plain = ""
    label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    if len(plain) > 253 or not re.fullmatch(rf"{label}(\.{label})*\.?", plain):
        raise BadAddress(f"The address {_shown(typed)} names no computer. {_EXAMPLE}")
    if re.fullmatch(r"[\d.]+", plain):
        try:
            ipaddress.IPv4Address(plain)
        except ValueError as error:
            raise BadAddress(
                f"The address {_shown(typed)} is not a valid number: four parts, each 0 to 255."
            ) from error


def _is_bare_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return repr(short)

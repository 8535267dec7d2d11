"""What went wrong on the way to the server, and what the server refused, in plain words."""

from __future__ import annotations

import json
import socket
import ssl
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING

from .errors import BadAnswer, Conflict, ExtensionError, NotOurs, Refused, ServerFault, ServerLost, TooOld

if TYPE_CHECKING:
    from .client_address import Address
    from .client_wire import Reply

_GATEWAY = {502, 503, 504}


def too_slow(url: str) -> ExtensionError:
    """The server took longer than we wait."""
    return ServerLost(f"The server at {url} does not answer in time. It may be busy or hang.")


def in_plain_words(error: Exception, address: Address) -> ExtensionError:
    """An error of the network as one for the user."""
    url = address.url
    if isinstance(error, ssl.SSLError):
        return _untrusted(error, url)
    if isinstance(error, IncompleteRead):
        return BadAnswer("The answer of the server broke off before its end.")
    if isinstance(error, (HTTPException, ValueError)) and not isinstance(error, RemoteDisconnected):
        return NotOurs(f"What answers at {url} does not speak HTTP. Check the port, and http:// or https://.")
    if isinstance(error, (socket.timeout, TimeoutError)):
        return too_slow(url)
    return ServerLost(_lost(error, address))


def _untrusted(error: ssl.SSLError, url: str) -> ExtensionError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerLost(f"This computer does not trust the certificate of {url}: {error.verify_message}.")
    return ServerLost(f"A safe connection to {url} failed; the server may want http:// instead of https://.")


def _lost(error: Exception, address: Address) -> str:
    url = address.url
    if isinstance(error, socket.gaierror):
        return f"No computer named '{address.host}' is known here. Check the address and the network."
    if isinstance(error, ConnectionRefusedError):
        return f"No server answers at {url}. Is it running there? Check the address."
    if isinstance(error, ConnectionError):
        return f"The server at {url} broke the connection off."
    return f"The server at {url} cannot be reached: {getattr(error, 'strerror', None) or error}."


def check(reply: Reply, url: str, what: str = "") -> None:
    """Let a good reply (2xx) pass.

    Args:
        reply: what came back.
        url: the server's address.
        what: what was asked, for a server that does not know it ("weak labels").

    Raises:
        TooOld: the server has no such route.
        Conflict: 409.
        Refused: any other 4xx.
        ServerLost: a gateway stands in front of a server that is away.
        ServerFault: any other 5xx.
        NotOurs: a redirection.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    if status < 400:
        where = reply.headers.get("location", "another address")
        raise NotOurs(f"{url} sends us on to {where}. Type that address instead.")
    detail, error = _said(reply)
    if what and (status == 405 or (status == 404 and detail in {"", "Not Found"})):
        raise TooOld(f"The server at {url} is too old: it does not know {what}. Ask for its update.")
    if status == 409:
        names = (_name(error, name) for name in ("revision", "head", "author"))
        raise Conflict(_refusal(status, detail), detail, *names)
    if status < 500:
        raise Refused(_refusal(status, detail), status, detail)
    if status in _GATEWAY:
        raise ServerLost(f"The server behind {url} is away at the moment (status {status}).")
    number = _name(error, "id")
    raise ServerFault(_fault(status, detail, number), status, number)


def _said(reply: Reply) -> tuple[str, dict[str, object]]:
    """The server's ``detail`` on one line, and its ``error``."""
    try:
        said = json.loads(reply.body)
    except ValueError:
        return "", {}
    if not isinstance(said, dict):
        return "", {}
    detail, error = said.get("detail"), said.get("error")
    line = " ".join(detail.split()) if isinstance(detail, str) else ""
    return line[:500], error if isinstance(error, dict) else {}


def _name(error: dict[str, object], key: str) -> str:
    value = error.get(key)
    return value if isinstance(value, str) else ""


def _refusal(status: int, detail: str) -> str:
    if status == 401:
        return "The server wants a token, or does not accept this one. Ask who runs the server for it."
    if status == 409:
        return f"The server has something newer: {detail or 'somebody else was faster'}."
    if status == 413:
        return f"That is larger than the server takes: {detail or 'status 413'}."
    return f"The server refused: {detail or f'status {status}, without a reason'}."


def _fault(status: int, detail: str, number: str) -> str:
    if number:
        return f"The server failed. Its log tells why, under {number}."
    return f"The server failed: {detail or f'status {status}, without a reason'}."

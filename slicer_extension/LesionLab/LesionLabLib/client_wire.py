"""One HTTP exchange on a connection of its own, so that whoever waits can be let go by closing it.

It goes straight to the server: proxies of the environment are for the web, not for a server in the house.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import quote, urlencode

from .client_address import Address
from .client_line import Line
from .client_trouble import in_plain_words, too_slow
from .errors import BadAnswer, ExtensionError, ServerLost
from .worker import Job

_CHUNK = 1 << 18
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, seconds."""

    connect_s: float = 5.0
    """For the server to take the call."""
    read_s: float = 30.0
    """For a short answer to arrive whole, and for the next bytes of a long one."""
    work_s: float = 600.0
    """For an answer that takes work, such as a mask."""


@dataclass(frozen=True)
class Body:
    """What a request carries: its kind, its length in bytes, and its pieces."""

    content_type: str
    length: int
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Call:
    """One request. The parts of ``path`` may hold any sign; an empty last one ends it in a slash."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] | None = None
    body: Body | None = None
    wait_s: float | None = None
    """How long the whole answer may take; None: `Timeouts.read_s`."""

    def target(self, prefix: str) -> str:
        """Path and query as the request line has them."""
        path = "/".join(quote(part, safe="") for part in self.path)
        query = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        return f"{quote(prefix, safe='/%:@!$&()*+,;=~')}/{path}{query}"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class Wire:
    """Makes the exchanges with one server. Errors are `ServerLost`, `NotOurs`, `BadAnswer` or `Cancelled`; a status never is."""

    def __init__(self, address: Address, token: str, timeouts: Timeouts) -> None:
        self._address = address
        self._token = token
        self._timeouts = timeouts

    @property
    def url(self) -> str:
        """The server's address."""
        return self._address.url

    def ask(self, call: Call, job: Job) -> Reply:
        """The whole answer, which must be there in time."""
        wait_s = self._timeouts.read_s if call.wait_s is None else call.wait_s
        with self._exchange(call, job, wait_s) as (line, response):
            chunks, size = [], 0
            with line.deadline(wait_s):
                for chunk in _chunks(response):
                    job.check()
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise BadAnswer(f"The answer of the server is longer than {_MOST_BYTES >> 20} MiB.")
            return Reply(response.status, _headers(response), b"".join(chunks))

    def fetch(self, call: Call, job: Job, sink: Callable[[bytes], None]) -> Reply:
        """An answer of any length: the pieces of a good one (2xx) go to ``sink``, any other is in the reply as by `ask`."""
        with self._exchange(call, job, self._timeouts.work_s) as (line, response):
            line.patience(self._timeouts.read_s)
            good, kept, done = 200 <= response.status < 300, bytearray(), 0
            total = response.length
            for chunk in _chunks(response):
                done += len(chunk)
                if good:
                    job.report(done / total if total else None)
                    sink(chunk)
                elif len(kept) < _CHUNK:
                    kept += chunk
            return Reply(response.status, _headers(response), bytes(kept))

    @contextmanager
    def _exchange(self, call: Call, job: Job, wait_s: float) -> Iterator[tuple[Line, HTTPResponse]]:
        line = Line()
        let_go = job.on_cancel(line.cut)
        connection: HTTPConnection | None = None
        try:
            job.check()
            connection = self._connected(line)
            self._send(connection, call, job, line)
            line.patience(wait_s)
            with line.deadline(wait_s):
                response = connection.getresponse()
            with response:
                yield line, response
            self._check_cut(job, line)
        except (ExtensionError, OSError, HTTPException, ValueError) as error:
            self._check_cut(job, line)
            if isinstance(error, ExtensionError):
                raise
            raise in_plain_words(error, self._address) from error
        finally:
            let_go()
            if connection is not None:
                connection.close()
            line.close()

    def _check_cut(self, job: Job, line: Line) -> None:
        """A line that we cut ourselves ends in many ways, even as if all were well."""
        job.check()
        if line.late:
            raise too_slow(self.url)

    def _connected(self, line: Line) -> HTTPConnection:
        address, timeout = self._address, self._timeouts.connect_s
        if address.scheme == "http":
            connection = HTTPConnection(address.host, address.port)
            connection.sock = line.connect(address.host, address.port, timeout)
            return connection
        context = _trust()
        connection = HTTPSConnection(address.host, address.port, context=context)
        plain = line.connect(address.host, address.port, timeout)
        connection.sock = line.take(context.wrap_socket(plain, server_hostname=address.host))
        return connection

    def _send(self, connection: HTTPConnection, call: Call, job: Job, line: Line) -> None:
        line.patience(self._timeouts.read_s)
        connection.putrequest(call.method, call.target(self._address.prefix), skip_accept_encoding=True)
        connection.putheader("Accept", "*/*")
        connection.putheader("Connection", "close")
        connection.putheader("User-Agent", "LesionLab for 3D Slicer")
        if self._token:
            connection.putheader("Authorization", f"Bearer {self._token}")
        if call.body is None:
            if call.method != "GET":
                connection.putheader("Content-Length", "0")
            connection.endheaders()
            return
        connection.putheader("Content-Type", call.body.content_type)
        connection.putheader("Content-Length", str(call.body.length))
        connection.endheaders()
        try:
            for piece in call.body.pieces():
                job.check()
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError) as error:
            # A server that refuses may say so before it has heard all; its words are worth more than the broken line.
            if not line.has_news():
                raise ServerLost(f"The connection to the server at {self.url} broke off while sending.") from error


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """The body as it arrives. Counted here: http.client does not mind a body that ends too early, nor counts its `read1`."""
    left = response.length
    while left is None or left > 0:
        chunk = response.read1(_CHUNK if left is None else min(_CHUNK, left))
        if not chunk:
            break
        if left is not None:
            left -= len(chunk)
        yield chunk
    if left:
        raise BadAnswer(f"The answer of the server broke off, {left} bytes before its end.")


def _headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _trust() -> ssl.SSLContext:
    """The authorities that this computer trusts, and those that come with `requests`."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context

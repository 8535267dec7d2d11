"""A server whose every misdeed is written out: what it does with a connection is a function of the test."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Request:
    """A request, read to its end."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stage:
    """What the tests see of the server."""

    url: str
    requests: list[Request] = field(default_factory=list)
    closed_by_client: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stage(act, context: ssl.SSLContext | None = None):
    """A server on loopback that calls ``act(connection, stage)`` for each connection, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    here = Stage(f"{'http' if context is None else 'https'}://127.0.0.1:{port}")
    threads, ending = [], threading.Event()

    def play(connection):
        with suppress(OSError, ssl.SSLError):
            plain = connection
            if context is not None:
                plain = context.wrap_socket(connection, server_side=True)
            with plain:
                act(plain, here)

    def accept():
        while not ending.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(20)
            thread = threading.Thread(target=play, args=(connection,), daemon=True)
            thread.start()
            threads.append(thread)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield here
    finally:
        ending.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)


def heard(connection, here: Stage) -> Request:
    """The request, which the stage remembers."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the client left")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the client left")
        body += piece
    request = Request(first, headers, body)
    here.requests.append(request)
    return request


def wait_for_the_client_to_leave(connection, here: Stage) -> None:
    """Say nothing until the client closes the connection."""
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass
    here.closed_by_client.set()


def respond(connection, body=b"", status="200 OK", headers=()):
    """A whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers]
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)


def answers(body=b"", status="200 OK", headers=()):
    """A server that gives the same answer to everybody."""

    def act(connection, here):
        heard(connection, here)
        respond(connection, body, status, headers)

    return act


def says(*pieces, pause_s=0.0):
    """A server that sends these bytes, whatever they are, and closes."""

    def act(connection, here):
        heard(connection, here)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)

    return act


def hangs(*pieces):
    """A server that sends these bytes and then nothing more."""

    def act(connection, here):
        heard(connection, here)
        for piece in pieces:
            connection.sendall(piece)
        wait_for_the_client_to_leave(connection, here)

    return act

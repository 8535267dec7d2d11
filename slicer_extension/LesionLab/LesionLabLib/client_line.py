"""The socket under one HTTP exchange, which another thread may cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """The socket of one exchange; `cut` may come from any thread, and wakes whoever waits on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False
        self.late = False

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connected socket: the first of the host's numbers that answers."""
        last: OSError = OSError(f"{host} has no number")
        for family, kind, protocol, _, number in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
            try:
                plain = self.take(socket.socket(family, kind, protocol))
                plain.settimeout(timeout_s)
                plain.connect(number)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return plain
            except OSError as error:
                last = error
                self.close()
                if self._is_cut:
                    break
        raise last

    def take(self, plain: socket.socket) -> socket.socket:
        """Make this the line's socket."""
        with self._lock:
            self._socket = plain
            is_cut = self._is_cut
        if is_cut:
            plain.close()
            raise ConnectionAbortedError("cut")
        return plain

    def patience(self, seconds: float) -> None:
        """How long to wait for each piece from now on."""
        assert self._socket is not None
        self._socket.settimeout(seconds)

    def has_news(self) -> bool:
        """Whether the server has said something that was not read yet."""
        assert self._socket is not None
        try:
            return bool(socket.socket.recv(self._socket, 1, socket.MSG_PEEK))
        except OSError:
            return False

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """What happens within must be over in time; the line is cut if it is not."""

        def strike() -> None:
            self.late = True
            self.cut()

        timer = threading.Timer(seconds, strike)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def cut(self) -> None:
        """End all waiting on the line, at once."""
        with self._lock:
            self._is_cut = True
            current = self._socket
        if current is not None:
            # The plain socket's own method: a TLS socket would take its state away from the thread that reads.
            with suppress(OSError):
                socket.socket.shutdown(current, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket."""
        with self._lock:
            current, self._socket = self._socket, None
        if current is not None:
            current.close()

"""Request bodies of bounded size."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive

from lesionlab.checked import finite_json
from lesionlab.errors import InputError, TooLargeError

#: Parameters are small; only files are large.
PARAMETER_BYTES = 1024 * 1024
_DRAIN_SECONDS = 5.0
_DRAIN_BYTES = 256 * 1024 * 1024


class Bounded:
    """An ASGI ``receive`` that stops with TooLargeError once more than ``limit`` bytes came."""

    def __init__(self, receive: Receive, headers: Headers, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._count = 0
        self._ended = False
        declared = headers.get("content-length", "0")
        if not declared.isdigit():
            raise InputError("the content length is not a number", got=declared, expected="bytes")
        if int(declared) > limit:
            raise self._error(int(declared))

    async def __call__(self) -> Message:
        """The next message."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
            if self._count > self._limit:
                raise self._error(self._count)
        return message

    def _error(self, count: int) -> TooLargeError:
        return TooLargeError(
            "the request is too large", got=f"{count} bytes or more", expected=f"at most {self._limit} bytes"
        )


async def drain(receive: Receive) -> None:
    """Read away what a client is still sending, for a while, so that it gets to read the answer."""
    count = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while count < _DRAIN_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                count += len(message.get("body", b""))
    except TimeoutError:
        return


async def json_body(request: Request, what: str) -> object:
    """The body as JSON, {} when it is empty.

    Raises:
        InputError: when it is not JSON.
        TooLargeError: when it is over ``PARAMETER_BYTES``.
    """
    parts, count = [], 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > PARAMETER_BYTES:
            raise TooLargeError(
                f"{what} is too large", got=f"{count} bytes or more", expected=f"at most {PARAMETER_BYTES}"
            )
        parts.append(chunk)
    text = b"".join(parts)
    found = finite_json(text, what) if text.strip() else {}
    return {} if found is None else found

"""The border of the server: every request passes here before MONAI Label sees it, every error leaves as JSON.

Order: who asks (access), what is named (names), how much is sent (body); then one of our own routes, else the stock
server in a worker thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lesionlab.errors import ForbiddenError, TooLargeError
from lesionlab.server.access import Access
from lesionlab.server.answers import answer, detail_text, fault
from lesionlab.server.body import Bounded, drain
from lesionlab.server.names import check_url
from lesionlab.server.offloop import OffLoop

_STOCK_THREADS = 8
_STOCK_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Rules:
    """What the border enforces."""

    access: Access
    max_body_bytes: int


class Border:
    """The ASGI application around MONAI Label's.

    Args:
        stock: MONAI Label's application.
        front: our routes, which replace some of its.
        rules: gives the rules; asked at each request.
        close: called when the server stops.
    """

    def __init__(
        self, stock: ASGIApp, front: Router, rules: Callable[[], Rules], close: Callable[[], None] = lambda: None
    ) -> None:
        self._close = close
        self._stock = stock
        self._off_loop = OffLoop(stock, _STOCK_THREADS)
        self._front = front
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; start-up and shut-down go straight to MONAI Label."""
        if scope["type"] == "lifespan":
            await self._stock(scope, receive, self._closing(send))
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    def _closing(self, send: Send) -> Send:
        """A ``send`` that stops our own threads before the server says that it has stopped."""

        async def sender(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await run_in_threadpool(self._close)
            await send(message)

        return sender

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        rules, headers = self._rules(), Headers(scope=scope)
        started = False

        async def send_with_origin(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_origin(message, rules.access, headers)
            await send(message)

        try:
            await self._checked(scope, receive, send_with_origin, rules)
        except ClientDisconnect:
            return
        except Exception as error:  # the border: whatever happens inside, the client gets JSON and the server lives on
            if started:
                raise
            await answer(error)(scope, receive, _kept_open(send_with_origin, receive, isinstance(error, TooLargeError)))

    async def _checked(self, scope: Scope, receive: Receive, send: Send, rules: Rules) -> None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        if method == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(rules.access, headers)(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else None
        rules.access.check(method, path, client, headers)
        check_url(path, scope.get("query_string", b""))
        for route in self._front.routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                await route.handle(scope, Bounded(receive, headers, rules.max_body_bytes), send)
                return
        await self._to_stock(scope, Bounded(receive, headers, _STOCK_BODY_BYTES), send)

    async def _to_stock(self, scope: Scope, receive: Receive, send: Send) -> None:
        hidden = (b"origin", b"authorization")
        inner = {**scope, "headers": [(key, value) for key, value in scope["headers"] if key.lower() not in hidden]}
        gate = _ErrorGate(send)
        try:
            await self._off_loop(inner, receive, gate)
        except Exception as error:  # the stock server raises after it has written its bare 500
            if not gate.held:
                raise
            await answer(error)(scope, receive, send)
            return
        await gate.finish(scope, receive)


class _ErrorGate:
    """A ``send`` that holds error responses back, so that they can leave as JSON in our form."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    @property
    def held(self) -> bool:
        return self._start is not None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._start = message
        elif self._start is not None:
            self._body += message.get("body", b"")
        else:
            await self._send(message)

    async def finish(self, scope: Scope, receive: Receive) -> None:
        if self._start is None:
            return
        if self._start["status"] >= 500 and not _is_json(self._start):
            await fault(None)(scope, receive, self._send)
            return
        try:
            detail = detail_text(json.loads(self._body)["detail"])
        except (ValueError, KeyError, TypeError):
            detail = self._body.decode("utf-8", "replace") or "refused"
        content = json.dumps({"detail": detail, "error": {"what": detail}})
        await Response(content, self._start["status"], media_type="application/json")(scope, receive, self._send)


def _is_json(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("application/json")


def _kept_open(send: Send, receive: Receive, wanted: bool) -> Send:
    """A ``send`` that, before a response ends, reads away what the client still sends."""

    async def sender(message: Message) -> None:
        if wanted and message["type"] == "http.response.body":
            await send({**message, "more_body": True})
            await drain(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await send(message)

    return sender


def _add_origin(message: Message, access: Access, headers: Headers) -> None:
    origin = headers.get("origin")
    if origin is None:
        return
    out = MutableHeaders(scope=message)
    out.add_vary_header("Origin")
    if access.allows_origin(origin, headers):
        out["Access-Control-Allow-Origin"] = origin
        out["Access-Control-Expose-Headers"] = "Content-Disposition, X-LesionLab-Revision"


def _preflight(access: Access, headers: Headers) -> Response:
    if not access.allows_origin(headers.get("origin", ""), headers):
        raise ForbiddenError("this web page may not use the server", expected="a loopback or configured origin")
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "600",
        },
    )

"""Who may use the workbench: only who has its secret, from its own page; and the page loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from trame_server import Server

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY = "; ".join(
    (
        "default-src 'self' data: blob:",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # the page's templates are compiled in the browser
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' {socket}",
        "frame-ancestors 'none'",
        "form-action 'none'",
    )
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def protect(server: Server, host: str, secret: str) -> None:
    """Ask for ``secret``, refuse foreign pages and, on loopback, foreign names of this machine; call it before the start."""
    server.cli.set_defaults(authKey=secret)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = refusal(host, request.headers.get("Host", ""), request.headers.get("Origin"))
        if reason:
            return web.Response(status=403, text=reason + "\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = _POLICY.format(socket=f"ws://{request.host}")
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    server.controller.on_server_bind.add(lambda bound: bound.app.middlewares.append(check))


def refusal(bound_host: str, host: str, origin: str | None) -> str:
    """Why a request is refused; empty when it is not."""
    name = urlsplit(f"//{host}").hostname or ""
    if bound_host in _LOOPBACK and name not in _LOOPBACK:
        return f"the workbench answers on this machine only; got the name {name!r}"
    if origin is not None and urlsplit(origin).netloc != host:
        return f"the workbench answers its own page only; got the page {origin!r}"
    return ""

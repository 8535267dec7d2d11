"""Run an ASGI application in a worker thread: MONAI Label's endpoints are ``async`` and block."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class OffLoop:
    """An ASGI application that answers in a thread with an event loop of its own."""

    def __init__(self, inner: ASGIApp, threads: int) -> None:
        self._inner = inner
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="stock")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        outer = asyncio.get_running_loop()

        async def receive_there() -> Message:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(receive), outer))

        async def send_there(message: Message) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_sent(send, message), outer))

        def work() -> None:
            asyncio.run(_call(self._inner, scope, receive_there, send_there))

        await outer.run_in_executor(self._pool, work)


async def _call(inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await inner(scope, receive, send)


async def _awaited(receive: Receive) -> Message:
    return await receive()


async def _sent(send: Send, message: Message) -> None:
    await send(message)

"""Routes that answer where MONAI Label's own would fail, leak, or overwrite."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lesionlab.errors import ForbiddenError, NotFoundError, UnauthorizedError
from lesionlab.server.access import Access
from lesionlab.server.app import LesionLabApp
from lesionlab.server.queries import text_field, whole

_LOG_LINES = 300


class OtherRoutes:
    """Information, models, logs, and the token for stock clients.

    Args:
        get_app: gives the app.
        access: gives the rules of access.
        remote: whether the studies are on a DICOMweb server.
    """

    def __init__(self, get_app: Callable[[], LesionLabApp], access: Callable[[], Access], remote: bool) -> None:
        self._app = get_app
        self._access = access
        self._remote = remote

    def routes(self) -> list[Route]:
        """The routes."""
        routes = [
            Route("/info/", self.info, methods=["GET"]),
            Route("/model/{model}", self.keep_model, methods=["PUT", "DELETE"]),
            Route("/reload", self.refresh, methods=["POST"]),
            Route("/logs/", self.log, methods=["GET"]),
            Route("/logs/gpu", self.gpu, methods=["GET"]),
            Route("/auth/", self.auth, methods=["GET"]),
            Route("/auth/token", self.sign_in, methods=["POST"]),
            Route("/auth/token/valid", self.signed_in, methods=["GET"]),
        ]
        return routes if self._remote else [*routes, Route("/proxy/{path:path}", self.no_proxy)]

    async def info(self, request: Request) -> Response:
        """What is here: tasks, strategies, counts."""
        app = self._app()
        return JSONResponse(await run_in_threadpool(app.info) if app.is_remote else app.info())

    async def keep_model(self, request: Request) -> Response:
        """Refuse to overwrite weights."""
        self._app().infer_task(request.path_params["model"])
        raise ForbiddenError("models are not replaced over HTTP", expected="POST /train/{model}")

    async def refresh(self, request: Request) -> Response:
        """Look through the studies again; MONAI Label would start a second app beside the first."""
        await run_in_threadpool(self._app().datastore().refresh)
        return JSONResponse({})

    async def log(self, request: Request) -> Response:
        """The last lines of the log that ``monailabel start_server`` writes."""
        path = Path(self._app().app_dir) / "logs" / "app.log"
        if not path.is_file():
            raise NotFoundError("there is no log file", expected="a server that writes one: monailabel start_server")
        count = whole(request, "lines") or _LOG_LINES
        return PlainTextResponse(await run_in_threadpool(_last_lines, path, count))

    async def gpu(self, request: Request) -> Response:
        """What nvidia-smi says, where there is one."""
        program = shutil.which("nvidia-smi")
        if program is None:
            return PlainTextResponse("no NVIDIA GPU here: nvidia-smi is not installed\n")
        return PlainTextResponse(await run_in_threadpool(_output_of, program))

    async def no_proxy(self, request: Request) -> Response:
        """Refuse to fetch from nowhere."""
        raise NotFoundError(
            "there is no DICOMweb server behind this one", expected="a server started with --studies URL"
        )

    async def auth(self, request: Request) -> Response:
        """Whether a client must sign in."""
        return JSONResponse({"enabled": self._access().token is not None, "client_id": "lesionlab", "realm": ""})

    async def sign_in(self, request: Request) -> Response:
        """Stock clients ask for a user and a password: the password is the token."""
        async with request.form(max_files=0, max_fields=10) as form:
            password = text_field(form, "password", "")
        access = self._access()
        if access.token is None:
            return JSONResponse({"access_token": None, "token_type": None})
        if not access.is_token(password):
            raise UnauthorizedError("the password is wrong", expected="the server's token as password")
        return JSONResponse({"access_token": password, "token_type": "bearer"})

    async def signed_in(self, request: Request) -> Response:
        """Only who is let in gets here."""
        return JSONResponse({"username": "admin", "email": None, "name": None, "roles": []})


def _last_lines(path: Path, count: int) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return "".join(deque(file, count))


def _output_of(program: str) -> str:
    return subprocess.run([program], capture_output=True, text=True, timeout=20, check=False).stdout  # noqa: S603

"""Routes that answer where MONAI Label's own would fail, leak, or overwrite."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lesionlab.errors import ForbiddenError, InputError, NotFoundError, UnauthorizedError
from lesionlab.server.access import Access
from lesionlab.server.app import LesionLabApp
from lesionlab.server.names import check_name
from lesionlab.server.uploads import text_field

GetApp = Callable[[], LesionLabApp]


def other_routes(get_app: GetApp, access: Callable[[], Access], remote: bool) -> list[Route]:
    """Information, models, logs, the token for stock clients; ``remote``: the studies are on a DICOMweb server."""

    async def info(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(get_app().info))

    async def keep_model(request: Request) -> Response:
        get_app().infer_task(request.path_params["model"])
        raise ForbiddenError(
            "models are not replaced over HTTP", expected="POST /train/{model}, or files in the server's folder"
        )

    async def archive(request: Request) -> Response:
        text = request.query_params.get("limit_cases") or "0"
        if not text.isdigit():
            raise InputError("query parameter 'limit_cases' is wrong", got=text, expected="a whole number")
        store: Any = get_app().datastore()
        if not await run_in_threadpool(store.get_labeled_images):
            raise NotFoundError("there is nothing to download", expected="images with a final label")
        file = await run_in_threadpool(store.get_dataset_archive, int(text))
        remove = BackgroundTask(Path(file).unlink, missing_ok=True)
        return FileResponse(file, media_type="application/zip", filename="dataset.zip", background=remove)

    async def session_image(request: Request) -> Response:
        sessions = get_app().sessions()
        if sessions is None:
            raise NotFoundError("sessions are switched off", expected="MONAI_LABEL_SESSIONS=true")
        name = check_name(request.path_params["session_id"], "session_id")
        path = await run_in_threadpool(sessions.image, name)
        if request.query_params.get("image", "false").lower() not in ("true", "1"):
            return JSONResponse(sessions.get_session(name, update_ts=False).to_json())
        if path.is_dir():
            raise InputError(
                "the session's image is a folder of files", got=path.name, expected="a session with one file"
            )
        return FileResponse(path, filename=path.name)

    async def refresh(request: Request) -> Response:
        await run_in_threadpool(get_app().datastore().refresh)
        return JSONResponse({})

    async def proxy(request: Request) -> Response:
        raise NotFoundError(
            "there is no DICOMweb server behind this one", expected="a server started with --studies URL"
        )

    async def auth(request: Request) -> Response:
        return JSONResponse({"enabled": access().token is not None, "client_id": "lesionlab", "realm": ""})

    async def sign_in(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            password = text_field(form, "password", "")
        if access().token is not None and not access().is_token(password):
            raise UnauthorizedError("the password is wrong", expected="the server's token as password")
        return JSONResponse({"access_token": password or None, "token_type": "bearer"})

    async def signed_in(request: Request) -> Response:
        return JSONResponse({"username": "admin", "email": None, "name": None, "roles": []})

    routes = [
        Route("/info/", info, methods=["GET"]),
        Route("/model/{model}", keep_model, methods=["PUT", "DELETE"]),
        Route("/datastore/dataset", archive, methods=["GET"]),
        Route("/session/{session_id}", session_image, methods=["GET"]),
        Route("/reload", refresh, methods=["POST"]),
        Route("/logs/gpu", _gpu, methods=["GET"]),
        Route("/auth/", auth, methods=["GET"]),
        Route("/auth/token", sign_in, methods=["POST"]),
        Route("/auth/token/valid", signed_in, methods=["GET"]),
    ]
    return routes if remote else [*routes, Route("/proxy/{path:path}", proxy)]


async def _gpu(request: Request) -> Response:
    if shutil.which("nvidia-smi") is None:
        return PlainTextResponse("no NVIDIA GPU here: nvidia-smi is not installed\n")
    return PlainTextResponse(await run_in_threadpool(_nvidia_smi))


def _nvidia_smi() -> str:
    import subprocess

    command = ["nvidia-smi"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout  # noqa: S603

"""Sessions: an image, or the slices of a series, lent for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import shown
from lesionlab.errors import InputError
from lesionlab.server.app import LesionLabApp
from lesionlab.server.queries import flag, whole
from lesionlab.server.uploads import received, scratch, unpacked

_MOST_FILES = 2000


class SessionRoutes:
    """The routes of sessions; removing one is MONAI Label's own."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/session/", self.add, methods=["PUT"]),
            Route("/session/{session_id}", self.show, methods=["GET"]),
        ]

    async def add(self, request: Request) -> Response:
        """Make a session."""
        expiry, packed = whole(request, "expiry"), flag(request, "uncompress")
        async with request.form(max_files=_MOST_FILES, max_fields=20) as form:
            uploads = [item for item in form.getlist("files") if isinstance(item, UploadFile)]
            answer = await run_in_threadpool(_add, self._app(), uploads, expiry, packed)
        return JSONResponse(answer)

    async def show(self, request: Request) -> Response:
        """Describe a session, or send its image."""
        sessions, name = self._app().own_sessions(), request.path_params["session_id"]
        path = await run_in_threadpool(sessions.image, name)
        if not flag(request, "image"):
            return JSONResponse(sessions.get_session(name, update_ts=False).to_json())
        if path.is_dir():
            raise InputError("the session's image is a folder of files", expected="a session with one file")
        return FileResponse(path, filename=path.name)


def _add(app: LesionLabApp, uploads: list[UploadFile], expiry: int, packed: bool) -> dict[str, Any]:
    sessions = app.own_sessions()
    if not uploads:
        raise InputError("no image is sent", expected="one file or the slices of one series in form field 'files'")
    with scratch(app.house) as folder:
        image = _gathered(folder, uploads, packed, app.own_settings.max_upload_bytes)
        answer = sessions.add(image, expiry)
    name = str(answer["session_id"])
    try:
        app.volume(sessions.image(name))
    except InputError:
        sessions.remove_session(name)
        raise
    return answer


def _gathered(folder: Path, uploads: list[UploadFile], packed: bool, limit_bytes: int) -> Path:
    together = folder / "image"
    together.mkdir()
    files = [received(upload, together, f"file {n + 1}") for n, upload in enumerate(uploads)]
    names = sorted(path.name for path in files)
    if len(set(names)) != len(names):
        raise InputError("two files have the same name", got=shown(names), expected="each name once")
    if packed:
        if len(files) != 1:
            raise InputError("uncompress takes one archive", got=f"{len(files)} files", expected="one .zip or .tar.gz")
        inside = sorted(unpacked(files[0], folder / "unpacked", limit_bytes).iterdir())
        return inside[0] if len(inside) == 1 else folder / "unpacked"
    return files[0] if len(files) == 1 else together

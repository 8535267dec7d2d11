"""What writes to the studies folder or to sessions: uploads are opened before anything is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import finite_json, shown
from lesionlab.errors import ConflictError, InputError, NotFoundError
from lesionlab.image.volume import Volume
from lesionlab.server.app import LesionLabApp
from lesionlab.server.datastore import FINAL, image_file, label_file
from lesionlab.server.names import check_name
from lesionlab.server.sessions import OwnSessions
from lesionlab.server.uploads import file_field, opened, received, scratch, suffix_of, text_field, unpacked

GetApp = Callable[[], LesionLabApp]
_MOST_FILES = 5000


def data_routes(get_app: GetApp) -> list[Route]:
    """The routes that store or remove something."""

    async def add_image(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=10) as form:
            upload, info = file_field(form, "file"), _info(form, "params")
            image = request.query_params.get("image") or ""
            name = await run_in_threadpool(_add_image, get_app(), image, upload, info)
        return JSONResponse({"image": name})

    async def save_label(request: Request) -> Response:
        image = _required(request, "image")
        tag = request.query_params.get("tag") or FINAL
        async with request.form(max_files=1, max_fields=10) as form:
            upload, info = file_field(form, "label"), _info(form, "params")
            label = await run_in_threadpool(_save_label, get_app(), image, tag, upload, info)
        return JSONResponse({"image": image, "label": label})

    async def remove_image(request: Request) -> Response:
        store, image = get_app().datastore(), _required(request, "id")
        image_file(store, image)
        await run_in_threadpool(store.remove_image, image)
        return JSONResponse({})

    async def remove_label(request: Request) -> Response:
        store, image, tag = get_app().datastore(), _required(request, "id"), _required(request, "tag")
        image_file(store, image)
        label_file(store, image, tag)
        await run_in_threadpool(store.remove_label, image, tag)
        return JSONResponse({})

    async def image_info(request: Request) -> Response:
        store, image = get_app().datastore(), _required(request, "image")
        image_file(store, image)
        if request.method == "PUT":
            async with request.form(max_files=0, max_fields=10) as form:
                await run_in_threadpool(store.update_image_info, image, _info(form, "info"))
            return JSONResponse(None)
        return JSONResponse(store.get_image_info(image))

    async def label_info(request: Request) -> Response:
        store, image, tag = get_app().datastore(), _required(request, "label"), _required(request, "tag")
        label_file(store, image, tag)
        if request.method == "PUT":
            async with request.form(max_files=0, max_fields=10) as form:
                field = "params" if request.url.path.endswith("updatelabelinfo") else "info"
                await run_in_threadpool(store.update_label_info, image, tag, _info(form, field))
            return JSONResponse(None)
        return JSONResponse(store.get_label_info(image, tag))

    async def add_session(request: Request) -> Response:
        expiry = _whole(request, "expiry")
        packed = request.query_params.get("uncompress", "false").lower() in ("true", "1")
        async with request.form(max_files=_MOST_FILES, max_fields=20) as form:
            uploads = [item for item in form.getlist("files") if isinstance(item, UploadFile)]
            answer = await run_in_threadpool(_add_session, get_app(), uploads, expiry, packed)
        return JSONResponse(answer)

    return [
        Route("/datastore/", add_image, methods=["PUT"]),
        Route("/datastore/image", add_image, methods=["PUT"]),
        Route("/datastore/label", save_label, methods=["PUT"]),
        Route("/datastore/", remove_image, methods=["DELETE"]),
        Route("/datastore/image", remove_image, methods=["DELETE"]),
        Route("/datastore/label", remove_label, methods=["DELETE"]),
        Route("/datastore/image/info", image_info, methods=["GET", "PUT"]),
        Route("/datastore/label/info", label_info, methods=["GET", "PUT"]),
        Route("/datastore/updatelabelinfo", label_info, methods=["PUT"]),
        Route("/session/", add_session, methods=["PUT"]),
    ]


def _add_image(app: LesionLabApp, image: str, upload: UploadFile, info: dict[str, Any]) -> str:
    store = app.datastore()
    with scratch(app.house) as folder:
        path = received(upload, folder, "file")
        suffix = suffix_of(path.name)
        name = check_name(image or path.name[: -len(suffix)], "image")
        if suffix_like := [s for s in (".nii.gz", ".nii", ".nrrd", ".mha") if name.lower().endswith(s)]:
            raise InputError("image is a file name", got=name, expected=f"a name without {suffix_like[0]}")
        volume, present = opened(path, "file"), store.get_image_uri(name)
        if present:
            # Clients send an image again when they lost track of it.
            if not same_volume(volume, app.volumes.get(Path(present))):
                raise ConflictError(
                    "there is another image of that name", got=name, expected="a new name, or DELETE it first"
                )
            return name
        return str(store.add_image(name, str(path), info))


def _save_label(app: LesionLabApp, image: str, tag: str, upload: UploadFile, info: dict[str, Any]) -> str:
    store = app.datastore()
    reference = image_file(store, image)
    with scratch(app.house) as folder:
        path = received(upload, folder, "label")
        suffix_of(path.name)
        label = opened(path, "label")
        geometry = app.volumes.get(reference).geometry
        if not label.geometry.same_as(geometry, tolerance_mm=0.1):
            raise InputError(
                "the label does not lie on the lattice of its image",
                got=f"shape {label.array.shape}",
                expected=f"shape {geometry.shape} and the same affine",
            )
        saved = str(store.save_label(image, str(path), tag, info))
    app.on_save_label(image, saved)
    return saved


def _add_session(app: LesionLabApp, uploads: list[UploadFile], expiry: int, packed: bool) -> dict[str, Any]:
    sessions = app.sessions()
    if not isinstance(sessions, OwnSessions):
        raise NotFoundError("sessions are switched off", expected="MONAI_LABEL_SESSIONS=true")
    if not uploads:
        raise InputError("no image is sent", expected="one file or the slices of one series in form field 'files'")
    with scratch(app.house) as folder:
        image = _gathered(folder, uploads, packed, app.own_settings.max_upload_bytes)
        answer = sessions.add(image, expiry)
    try:
        app.volumes.get(sessions.image(answer["session_id"]))
    except InputError as error:
        sessions.remove_session(answer["session_id"])
        folder_name = f"{sessions.store_path}{os.sep}{answer['session_id']}{os.sep}"
        got = None if error.got is None else error.got.replace(folder_name, "")
        raise type(error)(
            error.what.replace(folder_name, ""), got=got, expected=error.expected, hint=error.hint
        ) from error
    return answer


def _gathered(folder: Path, uploads: list[UploadFile], packed: bool, limit_bytes: int) -> Path:
    together = folder / "image"
    together.mkdir()
    files = [received(upload, together, f"file {n + 1}") for n, upload in enumerate(uploads)]
    if len({path.name for path in files}) != len(files):
        raise InputError(
            "two files have the same name", got=shown(sorted(path.name for path in files)), expected="each once"
        )
    if packed:
        if len(files) != 1:
            raise InputError("uncompress takes one archive", got=f"{len(files)} files", expected="one .zip or .tar.gz")
        inside = sorted(unpacked(files[0], folder / "unpacked", limit_bytes).iterdir())
        return inside[0] if len(inside) == 1 else folder / "unpacked"
    return files[0] if len(files) == 1 else together


def same_volume(a: Volume, b: Volume) -> bool:
    """Whether two volumes hold the same voxels at the same places."""
    return a.geometry.same_as(b.geometry) and bool(np.array_equal(a.array, b.array))


def _info(form: FormData, field: str) -> dict[str, Any]:
    found = finite_json(text_field(form, field, "{}"), field)
    if not isinstance(found, dict):
        raise InputError(f"{field} is not an object", got=type(found).__name__, expected="names and values in braces")
    return found


def _required(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise InputError(f"query parameter {name!r} is missing", expected="a name")
    return value


def _whole(request: Request, name: str) -> int:
    text = request.query_params.get(name) or "0"
    if not text.isdigit():
        raise InputError(f"query parameter {name!r} is wrong", got=shown(text), expected="a whole number of seconds")
    return int(text)

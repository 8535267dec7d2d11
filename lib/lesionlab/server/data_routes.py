"""What writes to the studies folder: uploads are opened before anything is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lesionlab.errors import ConflictError, NotFoundError
from lesionlab.image.volume import Volume
from lesionlab.server.app import LesionLabApp
from lesionlab.server.datastore import image_file, label_file
from lesionlab.server.names import check_name
from lesionlab.server.queries import file_field, object_field, required, whole
from lesionlab.server.uploads import opened, received, scratch, suffix_of
from lesionlab.store.revision import Draft, Source


class DataRoutes:
    """The routes below ``/datastore`` that store, remove or describe something."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/datastore/", self.add_image, methods=["PUT"]),
            Route("/datastore/image", self.add_image, methods=["PUT"]),
            Route("/datastore/", self.remove_image, methods=["DELETE"]),
            Route("/datastore/image", self.remove_image, methods=["DELETE"]),
            Route("/datastore/image/info", self.image_info, methods=["GET", "PUT"]),
            Route("/datastore/label/info", self.label_info, methods=["GET", "PUT"]),
            Route("/datastore/updatelabelinfo", self.label_info, methods=["PUT"]),
            Route("/datastore/dataset", self.archive, methods=["GET"]),
        ]

    async def add_image(self, request: Request) -> Response:
        """Store a new image."""
        image = request.query_params.get("image") or ""
        async with request.form(max_files=1, max_fields=10) as form:
            upload, info = file_field(form, "file"), object_field(form, "params")
            name = await run_in_threadpool(_add_image, self._app(), image, upload, info)
        return JSONResponse({"image": name})

    async def remove_image(self, request: Request) -> Response:
        """Remove an image and its labels."""
        app, image = self._app(), required(request, "id")
        await run_in_threadpool(_remove_image, app, image)
        return JSONResponse({})

    async def image_info(self, request: Request) -> Response:
        """What is noted about an image."""
        store, image = self._app().datastore(), required(request, "image")
        await run_in_threadpool(image_file, store, image)
        if request.method == "GET":
            return JSONResponse(await run_in_threadpool(store.get_image_info, image))
        async with request.form(max_files=0, max_fields=10) as form:
            await run_in_threadpool(store.update_image_info, image, object_field(form, "info"))
        return JSONResponse(None)

    async def label_info(self, request: Request) -> Response:
        """What is noted about a label."""
        store, image, tag = self._app().datastore(), required(request, "label"), required(request, "tag")
        await run_in_threadpool(label_file, store, image, tag)
        if request.method == "GET":
            return JSONResponse(await run_in_threadpool(store.get_label_info, image, tag))
        field = "params" if request.url.path.endswith("updatelabelinfo") else "info"
        async with request.form(max_files=0, max_fields=10) as form:
            await run_in_threadpool(store.update_label_info, image, tag, object_field(form, field))
        return JSONResponse(None)

    async def archive(self, request: Request) -> Response:
        """All labelled images with their final labels, as a zip archive that is removed once it is sent."""
        store: Any = self._app().datastore()
        limit = whole(request, "limit_cases")
        if not await run_in_threadpool(store.get_labeled_images):
            raise NotFoundError("there is nothing to download", expected="images with a final label")
        file = await run_in_threadpool(store.get_dataset_archive, limit)
        remove = BackgroundTask(Path(file).unlink, missing_ok=True)
        return FileResponse(file, media_type="application/zip", filename="dataset.zip", background=remove)


def _add_image(app: LesionLabApp, image: str, upload: UploadFile, info: dict[str, Any]) -> str:
    store = app.datastore()
    with scratch(app.house) as folder:
        path = received(upload, folder, "file")
        name = check_name(image or path.name[: -len(suffix_of(path.name))], "image")
        volume, present = opened(path), store.get_image_uri(name)
        if not present:
            return str(store.add_image(name, str(path), info))
        # Clients send an image again when they lost track of it.
        if not _same(volume, app.volume(Path(present))):
            raise ConflictError(
                "there is another image of that name", got=name, expected="a new name, or DELETE it first"
            )
        return name


def _remove_image(app: LesionLabApp, image: str) -> None:
    store = app.datastore()
    image_file(store, image)
    for tag in sorted(store.get_labels_by_image_id(image)):
        app.own_labels.remove(Draft(image, tag, Source.CLIENT))
    store.remove_image(image)


def _same(a: Volume, b: Volume) -> bool:
    return a.geometry.same_as(b.geometry) and bool(np.array_equal(a.array, b.array))

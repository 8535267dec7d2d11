"""What a reader's programme needs of each case: its labels, marks, presence of disease, and who works on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import checked
from lesionlab.errors import ConflictError, NotFoundError, TooLargeError
from lesionlab.server.answers import answer
from lesionlab.server.app import LesionLabApp
from lesionlab.server.body import json_body
from lesionlab.server.datastore import FINAL, image_file
from lesionlab.server.jobs import Name
from lesionlab.server.queries import file_field, required
from lesionlab.store.leases import Lease
from lesionlab.store.marks import MOST_BYTES
from lesionlab.task import Frozen


class PresenceParams(Frozen):
    """What a reader says about a whole image."""

    label: Name
    present: bool
    reader: str | None = Field(default=None, min_length=1, max_length=200)


class CasesRoutes:
    """The routes below ``/cases``, and those of marks."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/cases/", self.cases, methods=["GET"]),
            Route("/cases/{image}/labels", self.state_presence, methods=["PUT"]),
            Route("/cases/{image}/lease", self.take_lease, methods=["PUT"]),
            Route("/cases/{image}/lease", self.give_lease_back, methods=["DELETE"]),
            Route("/datastore/marks", self.marks, methods=["GET"]),
            Route("/datastore/marks", self.keep_marks, methods=["PUT"]),
        ]

    async def cases(self, request: Request) -> Response:
        """All cases, by name."""
        return JSONResponse(await run_in_threadpool(_cases, self._app()))

    async def state_presence(self, request: Request) -> Response:
        """Note whether an image shows something."""
        app, image = self._app(), request.path_params["image"]
        params = checked(PresenceParams, await json_body(request, "params"), "params")
        await run_in_threadpool(image_file, app.datastore(), image)
        await run_in_threadpool(app.ledger.presence.state, image, params.label, params.present, params.reader)
        return JSONResponse({"image": image, "label": params.label, "present": params.present})

    async def take_lease(self, request: Request) -> Response:
        """Take a case, or hold it for longer."""
        app, image, holder = self._app(), request.path_params["image"], required(request, "client_id")
        await run_in_threadpool(image_file, app.datastore(), image)
        lease = await run_in_threadpool(app.ledger.leases.take, image, holder)
        if lease is None:
            raise ConflictError(
                f"somebody else works on {image!r}", expected="another case, or this one when the lease ends"
            )
        return JSONResponse({"image": image, "lease": _lease(lease)})

    async def give_lease_back(self, request: Request) -> Response:
        """End a lease before its time; there may be none any more."""
        app, image, holder = self._app(), request.path_params["image"], required(request, "client_id")
        await run_in_threadpool(image_file, app.datastore(), image)
        ended = await run_in_threadpool(app.ledger.leases.give_back, image, holder)
        return JSONResponse({"image": image, "ended": ended})

    async def marks(self, request: Request) -> Response:
        """The marks of an image, as a Slicer markups file."""
        app, image = self._app(), required(request, "image")
        await run_in_threadpool(image_file, app.datastore(), image)
        path = app.marks.path(image)
        if not path.is_file():
            raise NotFoundError(f"image {image!r} has no marks", expected="one that PUT /datastore/marks was used for")
        return FileResponse(path, media_type="application/json", filename=path.name)

    async def keep_marks(self, request: Request) -> Response:
        """Store the marks of an image."""
        app, image = self._app(), required(request, "image")
        await run_in_threadpool(image_file, app.datastore(), image)
        async with request.form(max_files=1, max_fields=10) as form:
            content = await file_field(form, "marks").read(MOST_BYTES + 1)
        try:
            await run_in_threadpool(app.marks.write, image, content)
        except TooLargeError as error:
            return answer(error)  # raised, the border would wait for the rest of a body that is all here
        return JSONResponse({"image": image})


def _cases(app: LesionLabApp) -> list[dict[str, Any]]:
    store, marked = app.datastore(), app.marks.images()
    heads, leases, presence = app.own_labels.settle_all(), app.ledger.leases.running(), app.ledger.presence.all()
    found = []
    for image in sorted(store.list_images()):
        head = heads.get((image, FINAL))
        lease = leases.get(image)
        found.append(
            {
                "image": image,
                "labels": sorted(store.get_labels_by_image_id(image)),
                "marks": image in marked,
                "revision": None if head is None or head.blob is None else head.id,
                "lease": None if lease is None else _lease(lease),
                "presence": dict(presence.get(image, {})),
            }
        )
    return found


def _lease(lease: Lease) -> dict[str, str]:
    return {"holder": lease.holder, "until": lease.until}

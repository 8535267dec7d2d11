"""Saving labels, and what was saved: every save is kept, and says which one it started from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import checked
from lesionlab.errors import ConflictError, InputError, NotFoundError
from lesionlab.server.answers import refusal
from lesionlab.server.app import LesionLabApp
from lesionlab.server.body import json_body
from lesionlab.server.datastore import FINAL, image_file, label_file
from lesionlab.server.queries import file_field, object_field, required
from lesionlab.server.uploads import opened, received, scratch, suffix_of
from lesionlab.store.compare import agreement, difference, readings
from lesionlab.store.revision import Draft, Outcome, Revision, Source

_REGISTER_MM = 0.1
_HEADER = "X-LesionLab-Revision"


class SaveParams(BaseModel):
    """What a client says about the label that it saves; more fields are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    author: str | None = Field(default=None, min_length=1, max_length=200)
    client_id: str | None = Field(default=None, min_length=1, max_length=200)
    model_version: str | None = Field(default=None, min_length=1, max_length=200)
    prompts: list[Any] = []


class LedgerRoutes:
    """The routes of labels, and those below ``/ledger``."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/datastore/label", self.label, methods=["GET"]),
            Route("/datastore/label", self.save, methods=["PUT"]),
            Route("/datastore/label", self.remove, methods=["DELETE"]),
            Route("/ledger/{image}", self.history, methods=["GET"]),
            Route("/ledger/{image}/diff", self.diff, methods=["GET"]),
            Route("/ledger/{image}/agreement", self.agreement, methods=["GET"]),
            Route("/ledger/{image}/restore", self.restore, methods=["POST"]),
        ]

    async def label(self, request: Request) -> Response:
        """The file of a label: of its head, or of one revision."""
        image, tag = required(request, "label"), request.query_params.get("tag") or FINAL
        return await run_in_threadpool(_label, self._app(), image, tag, request.query_params.get("revision"))

    async def save(self, request: Request) -> Response:
        """Record a label of an image."""
        image, tag = required(request, "image"), request.query_params.get("tag") or FINAL
        async with request.form(max_files=1, max_fields=10) as form:
            upload, info = file_field(form, "label"), object_field(form, "params")
            draft = _draft(image, tag, request.query_params.get("parent"), info)
            saved = await run_in_threadpool(_save, self._app(), draft, upload)
        return await run_in_threadpool(_saved, self._app(), saved)

    async def remove(self, request: Request) -> Response:
        """Remove a label; its revisions stay."""
        image, tag = required(request, "id"), required(request, "tag")
        await run_in_threadpool(_remove, self._app(), image, tag)
        return JSONResponse({})

    async def history(self, request: Request) -> Response:
        """All revisions of a label, oldest first."""
        image, tag = request.path_params["image"], request.query_params.get("tag") or FINAL
        return JSONResponse(await run_in_threadpool(_history, self._app(), image, tag))

    async def diff(self, request: Request) -> Response:
        """What differs between two revisions of an image."""
        image, a, b = request.path_params["image"], required(request, "a"), required(request, "b")
        ledger = self._app().ledger
        first, second = ledger.revision(image, a), ledger.revision(image, b)
        return JSONResponse(asdict(await run_in_threadpool(difference, ledger, first, second)))

    async def agreement(self, request: Request) -> Response:
        """How well the annotators of a label agree."""
        image, tag = request.path_params["image"], request.query_params.get("tag") or FINAL
        return JSONResponse(await run_in_threadpool(_agreement, self._app(), image, tag))

    async def restore(self, request: Request) -> Response:
        """Make an earlier revision the label again, as a new revision."""
        image, revision = request.path_params["image"], required(request, "revision")
        parent, body = request.query_params.get("parent"), await json_body(request, "params")
        if parent is None:
            raise InputError("query parameter 'parent' is missing", expected="the revision that is the head now")
        params = checked(SaveParams, body, "params")
        saved = await run_in_threadpool(_restore, self._app(), image, revision, parent, params)
        return await run_in_threadpool(_saved, self._app(), saved)


def _draft(image: str, tag: str, parent: str | None, info: dict[str, Any]) -> Draft:
    """What is saved. A stock client states no parent and may send anything: it is never refused for that."""
    if parent is None:
        client = info.get("client_id")
        return Draft(image, tag, Source.STOCK, client_id=client if isinstance(client, str) else None, info=info)
    params = checked(SaveParams, info, "params")
    rest = {name: value for name, value in info.items() if name not in SaveParams.model_fields}
    return _stated(image, tag, parent, params, rest)


def _stated(
    image: str, tag: str, parent: str, params: SaveParams, info: dict[str, Any], restores: str | None = None
) -> Draft:
    return Draft(
        image,
        tag,
        Source.CLIENT,
        parent,
        author=params.author,
        client_id=params.client_id,
        model_version=params.model_version,
        prompts=tuple(params.prompts),
        info=info,
        restores=restores,
    )


def _save(app: LesionLabApp, draft: Draft, upload: UploadFile) -> Revision:
    reference = image_file(app.datastore(), draft.image)
    with scratch(app.house) as folder:
        path = received(upload, folder, "label")
        suffix_of(path.name)
        label, geometry = opened(path), app.volume(reference).geometry
        if not label.geometry.same_as(geometry, tolerance_mm=_REGISTER_MM):
            raise InputError(
                "the label does not lie on the lattice of its image",
                got=f"shape {label.array.shape}, affine {label.geometry.affine.round(2).tolist()}",
                expected=f"shape {geometry.shape}, affine {geometry.affine.round(2).tolist()}",
            )
        saved = app.own_labels.save(draft, path)
    app.on_save_label(draft.image, draft.image)
    return saved


def _saved(app: LesionLabApp, saved: Revision) -> Response:
    draft, head = saved.draft, app.ledger.head(saved.draft.image, saved.draft.tag)
    if saved.outcome is Outcome.CONFLICT:
        error = ConflictError(
            "somebody else saved this label in the meantime",
            got=f"parent {draft.parent or 'nothing'}",
            expected=f"parent {head.id if head else 'nothing'}",
            hint=f"yours is kept as revision {saved.id}; compare both and save again",
        )
        return refusal(
            error,
            {
                "revision": saved.id,
                "head": head.id if head else None,
                "author": head.draft.author or None if head else None,
                "time": head.time if head else None,
            },
        )
    checksum = None if saved.blob is None else saved.blob.checksum
    own = {"revision": saved.id, "parent": draft.parent, "checksum": checksum, "head": head.id if head else None}
    return JSONResponse({"image": draft.image, "label": draft.image, **own})


def _label(app: LesionLabApp, image: str, tag: str, revision: str | None) -> Response:
    image_file(app.datastore(), image)
    found = app.ledger.revision(image, revision) if revision else app.own_labels.head(image, tag)
    if found is None:
        # Such as a DICOM SEG of another server: asking for it fetches it.
        file = label_file(app.datastore(), image, tag)
        if not file.is_file():
            raise NotFoundError(f"image {image!r} has no label {tag!r}")
        found = app.own_labels.head(image, tag)
        if found is None:
            return FileResponse(file, filename=file.name)
    file = app.ledger.content(found)
    suffix = "" if found.blob is None else found.blob.suffix
    return FileResponse(
        file, media_type="application/octet-stream", filename=f"{image}{suffix}", headers={_HEADER: found.id}
    )


def _remove(app: LesionLabApp, image: str, tag: str) -> None:
    image_file(app.datastore(), image)
    if app.own_labels.head(image, tag) is None:
        label_file(app.datastore(), image, tag)
    app.own_labels.remove(Draft(image, tag, Source.CLIENT))


def _history(app: LesionLabApp, image: str, tag: str) -> list[dict[str, Any]]:
    image_file(app.datastore(), image)
    head = app.own_labels.head(image, tag)
    return [_entry(one, head) for one in app.ledger.history(image, tag)]


def _entry(revision: Revision, head: Revision | None) -> dict[str, Any]:
    draft, blob = revision.draft, revision.blob
    return {
        "revision": revision.id,
        "parent": draft.parent,
        "author": draft.author,
        "client_id": draft.client_id,
        "time": revision.time,
        "model_version": draft.model_version,
        "prompts": list(draft.prompts),
        "checksum": None if blob is None else blob.checksum,
        "head": head is not None and revision.id == head.id,
        "conflict": revision.outcome is Outcome.CONFLICT,
        "source": draft.source.value,
        "outcome": revision.outcome.value,
        "restores": draft.restores,
        "removed": blob is None,
    }


def _agreement(app: LesionLabApp, image: str, tag: str) -> dict[str, Any]:
    image_file(app.datastore(), image)
    history = app.ledger.history(image, tag)
    pairs = agreement(app.ledger, history)
    return {
        "readings": {one.author: one.revision.id for one in readings(history)},
        "pairs": [asdict(pair) for pair in pairs],
        "mean_dice": float(np.mean([pair.dice for pair in pairs])) if pairs else None,
    }


def _restore(app: LesionLabApp, image: str, revision: str, parent: str, params: SaveParams) -> Revision:
    reference = image_file(app.datastore(), image)
    earlier = app.ledger.revision(image, revision)
    content = opened(app.ledger.content(earlier))
    geometry = app.volume(reference).geometry
    if not content.geometry.same_as(geometry, tolerance_mm=_REGISTER_MM):
        raise InputError(
            "that revision is of another image of this name", got=content.array.shape, expected=str(geometry.shape)
        )
    draft = _stated(image, earlier.draft.tag, parent, params, dict(earlier.draft.info), restores=earlier.id)
    return app.own_labels.restore(draft, earlier)

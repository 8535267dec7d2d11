"""``POST /infer/{model}``: one request to a task, on an image of the studies, of a session, or sent along."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import finite_json, shown
from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.volume import Volume
from lesionlab.server.answer import Answer, Output
from lesionlab.server.app import LesionLabApp
from lesionlab.server.datastore import image_file
from lesionlab.server.following import Watch
from lesionlab.server.labels import by_model
from lesionlab.server.queries import file_field, text_field
from lesionlab.server.tasks import TaskInfer
from lesionlab.server.uploads import opened, received, scratch, suffix_of


@dataclass(frozen=True)
class _Image:
    """The image of a request: how to read it, and its name when it is one of the studies."""

    read: Callable[[], Volume]
    name: str | None = None


class InferRoutes:
    """The routes of inference."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/infer/progress/{name}", self.progress, methods=["GET"]),
            Route("/infer/wsi/{model}", self.no_slides, methods=["POST"]),
            Route("/infer/wsi_v2/{model}", self.no_slides, methods=["POST"]),
            Route("/infer/{model}", self.infer, methods=["POST"]),
        ]

    async def infer(self, request: Request) -> Response:
        """Answer one request in one of the threads for inference; a client that goes away ends it.

        Query parameter ``progress``: a name of the client's choice, under which :meth:`progress` tells how far it is.
        """
        app = self._app()
        task = app.infer_task(request.path_params["model"])
        output = _output(request.query_params.get("output"))
        async with request.form(max_files=2, max_fields=10) as form:
            params = finite_json(text_field(form, "params", "{}"), "params")
            image = _image(app, request, form)
            started = time.perf_counter()
            with app.watches.watch(request.query_params.get("progress")) as watch:
                work = app.work(lambda: _answer(app, task, image, params, output, watch))
                response = await watch.answered(request, work)
        response.headers["server-timing"] = f"infer;dur={(time.perf_counter() - started) * 1000:.1f}"
        return response

    async def progress(self, request: Request) -> Response:
        """How far a request is: ``{"done": n, "total": m, "text": what is being done}``."""
        found = self._app().watches.progress(request.path_params["name"])
        return JSONResponse({"done": found.done, "total": found.total, "text": found.text})

    async def no_slides(self, request: Request) -> Response:
        """Refuse whole-slide images."""
        raise NotFoundError("there are no models for whole-slide images here", got=request.path_params["model"])


def _answer(
    app: LesionLabApp, task: TaskInfer, image: _Image, params: object, output: Output, watch: Watch
) -> Response:
    watch.check()
    answer = task.answer(image.read(), params, watch.report)
    watch.check()
    if answer.options.save_label:
        _save(app, task, image.name, answer)
    return answer.response(output)


def _save(app: LesionLabApp, task: TaskInfer, image: str | None, answer: Answer) -> None:
    whole = answer.label()
    if image is None or whole is None:
        raise InputError(
            "the label cannot be saved", expected="a task that answers with a mask, and image= of the studies"
        )
    file = task.write(whole, ".nii.gz")
    try:
        draft = by_model(image, answer.options.label_tag, answer.name, answer.summary(data=False))
        app.own_labels.save(draft, file)
    finally:
        file.unlink(missing_ok=True)


def _image(app: LesionLabApp, request: Request, form: FormData) -> _Image:
    # Stock clients send image= together with session_id= or a file; then image= is only a name.
    session, name = request.query_params.get("session_id"), request.query_params.get("image")
    if session:
        return _Image(lambda: app.volume(app.own_sessions().image(session)))
    if form.getlist("file"):
        upload = file_field(form, "file")

        def sent() -> Volume:
            with scratch(app.house) as folder:
                path = received(upload, folder, "file")
                suffix_of(path.name)
                return opened(path)

        return _Image(sent)
    if name:
        return _Image(lambda: app.volume(image_file(app.datastore(), name)), name)
    raise InputError("no image is given", expected="query parameter image= or session_id=, or a form field 'file'")


def _output(text: str | None) -> Output:
    try:
        return Output(text or "all")
    except ValueError as error:
        expected = f"one of {', '.join(item.value for item in Output)}"
        raise InputError("query parameter 'output' is wrong", got=shown(text), expected=expected) from error

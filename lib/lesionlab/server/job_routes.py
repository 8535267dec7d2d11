"""Active learning, scoring and batch inference: the parameters are checked, the rest is MONAI Label's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from monailabel.endpoints import activelearning as stock_active
from monailabel.interfaces.tasks.batch_infer import BatchInferImageType
from monailabel.utils.async_tasks.task import AsyncTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lesionlab.checked import checked, shown
from lesionlab.errors import ConflictError, InputError, NotFoundError
from lesionlab.server.app import LesionLabApp
from lesionlab.server.body import json_body
from lesionlab.server.jobs import BatchParams, JobParams, ScoringParams, StrategyParams
from lesionlab.server.queries import flag
from lesionlab.task import nearest

_STATUS = {"/scoring/": "scoring", "/batch/infer": "batch_infer"}


class JobRoutes:
    """The routes that start work and tell how it goes; stopping it is MONAI Label's own."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/activelearning/{strategy}", self.sample, methods=["POST"]),
            Route("/scoring/", self.score, methods=["POST"]),
            Route("/scoring/{method}", self.score, methods=["POST"]),
            Route("/batch/infer/{model}", self.batch, methods=["POST"]),
            *(Route(path, _status_of(method), methods=["GET"]) for path, method in _STATUS.items()),
        ]

    async def sample(self, request: Request) -> Response:
        """Choose the next image to label."""
        strategy = _known(request.path_params["strategy"], self._app().info()["strategies"], "strategy")
        params = checked(StrategyParams, await json_body(request, "params"), "params")
        return JSONResponse(await run_in_threadpool(stock_active.sample, strategy, _given(params)))

    async def score(self, request: Request) -> Response:
        """Start one scoring method, or all."""
        app, body = self._app(), await json_body(request, "params")
        method, known = request.path_params.get("method"), app.info()["scoring"]
        names = [_known(method, known, "scoring method")] if method else list(known)
        params = checked(ScoringParams, _of_task(body, names[0], known), "params")
        results = {}
        for name in names:
            results[name] = await run_in_threadpool(_start, "scoring", {"method": name, **_given(params)}, request)
        return JSONResponse(results[method] if method else results)

    async def batch(self, request: Request) -> Response:
        """Start a task on many images, with the same parameters for each."""
        task, body = self._app().infer_task(request.path_params["model"]), await json_body(request, "params")
        if not isinstance(body, dict):
            raise InputError("params is not an object", got=type(body).__name__, expected="names and values in braces")
        own = {name: value for name, value in body.items() if name in BatchParams.model_fields}
        rest = {name: value for name, value in body.items() if name not in own}
        task.check_params(rest)
        given = _given(checked(BatchParams, own, "params"))
        job = {"model": task.task.name, "images": _images(request), **given, **rest}
        return JSONResponse(await run_in_threadpool(_start, "batch_infer", job, request))


def _status_of(method: str) -> Callable[[Request], Awaitable[Response]]:
    async def status(request: Request) -> Response:
        every = flag(request, "all")
        found, why = AsyncTask.status(method, every, flag(request, "check_if_running"))
        if found is None:
            raise NotFoundError(str(why))
        return JSONResponse([_snapshot(job) for job in found] if isinstance(found, list) else _snapshot(found))

    return status


def _start(method: str, job: dict[str, Any], request: Request) -> Any:
    result, why = AsyncTask.run(method, request=job, force_sync=flag(request, "run_sync"))
    if result is None:
        raise ConflictError(f"{method} runs already", got=why, expected="one at a time")
    return _snapshot(result) if isinstance(result, dict) else result


def _snapshot(job: dict[str, Any]) -> dict[str, Any]:
    """A job as it is now; MONAI Label's thread goes on changing it, and keeps its output in a deque."""
    now = dict(job)
    return {**now, "details": list(now["details"])} if "details" in now else now


def _given(params: JobParams) -> dict[str, Any]:
    return params.model_dump(exclude_unset=True)


def _known(name: str, known: Iterable[str], what: str) -> str:
    names = sorted(known)
    if name not in names:
        raise NotFoundError(
            f"there is no such {what}", got=name, expected=f"one of {', '.join(names)}", hint=nearest(name, names)
        )
    return name


def _of_task(body: object, name: str, known: Iterable[str]) -> object:
    """Stock clients send parameters by name when they start several: ``{"lesion_shape": {...}}``."""
    if isinstance(body, dict) and body and all(key in known or key == "client_id" for key in body):
        return body.get(name, {})
    return body


def _images(request: Request) -> str:
    text = request.query_params.get("images", "all")
    choices = [item.value for item in BatchInferImageType]
    if text not in choices:
        raise InputError("query parameter 'images' is wrong", got=shown(text), expected=f"one of {', '.join(choices)}")
    return text

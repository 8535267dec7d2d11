"""Training as jobs, and the versions that it makes; MONAI Label's own routes below ``/train/`` tell of the same jobs."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from lesionlab.checked import checked
from lesionlab.errors import InputError, NotFoundError
from lesionlab.server.app import LesionLabApp
from lesionlab.server.body import json_body
from lesionlab.server.jobs import TrainParams
from lesionlab.server.queries import flag
from lesionlab.server.training_answers import job_json, shipped_json, stock_json, version_json
from lesionlab.store.jobs import Job
from lesionlab.task import nearest

_LOOK_SECONDS = 0.4
#: After this a stream says the same again, so that a client hears from the server every two seconds, also a busy one.
_SILENCE_SECONDS = 1.0


class TrainRoutes:
    """The routes of training."""

    def __init__(self, get_app: Callable[[], LesionLabApp]) -> None:
        self._app = get_app

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/train/", self.train, methods=["POST"]),
            Route("/train/", self.stock_status, methods=["GET"]),
            Route("/train/", self.stock_stop, methods=["DELETE"]),
            Route("/train/{model}", self.train, methods=["POST"]),
            Route("/jobs/", self.jobs, methods=["GET"]),
            Route("/jobs/{job}", self.job, methods=["GET"]),
            Route("/jobs/{job}", self.cancel, methods=["DELETE"]),
            Route("/jobs/{job}/events", self.events, methods=["GET"]),
            Route("/versions/{model}", self.versions, methods=["GET"]),
            Route("/versions/{model}/{version}/use", self.use, methods=["POST"]),
        ]

    async def train(self, request: Request) -> Response:
        """Queue the training of one task, or of all."""
        app, body, name = self._app(), await json_body(request, "params"), request.path_params.get("model")
        names = [self._task(name)] if name else sorted(app.tasks)
        asked = {item: checked(TrainParams, _of_task(body, item, app), "params") for item in names}
        for params in asked.values():
            _check_device(params)
        started = {item: await run_in_threadpool(self._submit, item, params) for item, params in asked.items()}
        if flag(request, "run_sync"):
            wait = app.learning.runner().wait
            started = {item: await run_in_threadpool(wait, job.id) for item, job in started.items()}
            await run_in_threadpool(app.learning.follow)
        answers = {item: {**stock_json(job), **_ended(job)} for item, job in started.items()}
        return JSONResponse(answers[name] if name else answers)

    async def stock_status(self, request: Request) -> Response:
        """How the last training goes, for MONAI Label's clients."""
        found = (await run_in_threadpool(self._all))[::-1]
        if flag(request, "check_if_running"):
            found = tuple(job for job in found if job.state == "running")
        if not found:
            raise NotFoundError("there is no such training", expected="POST /train/{task} first")
        if flag(request, "all"):
            return JSONResponse([stock_json(job) for job in found])
        return JSONResponse(stock_json(found[-1]))

    async def stock_stop(self, request: Request) -> Response:
        """Cancel the training that runs, or else the next one that waits; nothing when there is none."""
        runner = self._app().learning.runner()
        waiting = await run_in_threadpool(lambda: (*runner.jobs.of("running"), *runner.jobs.of("queued")))
        if not waiting:
            return JSONResponse(None)
        return JSONResponse(stock_json(await run_in_threadpool(runner.cancel, waiting[0].id)))

    async def jobs(self, request: Request) -> Response:
        """All jobs, newest first."""
        return JSONResponse([job_json(job) for job in await run_in_threadpool(self._all)])

    async def job(self, request: Request) -> Response:
        """One job."""
        return JSONResponse(job_json(await run_in_threadpool(self._one, request.path_params["job"])))

    async def cancel(self, request: Request) -> Response:
        """Cancel a job; the answer tells how it is then."""
        cancel = self._app().learning.runner().cancel
        return JSONResponse(job_json(await run_in_threadpool(cancel, request.path_params["job"])))

    async def events(self, request: Request) -> Response:
        """How a job goes, as server-sent events, until it ends."""
        name = request.path_params["job"]
        await run_in_threadpool(self._one, name)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(self._one, name), media_type="text/event-stream", headers=headers)

    async def versions(self, request: Request) -> Response:
        """The versions of a task, newest first, the shipped one last."""
        learning, task = self._app().learning, self._task(request.path_params["model"])
        trained = await run_in_threadpool(learning.versions.all, task)
        current = learning.current(task)
        return JSONResponse([*(version_json(each, current) for each in trained), shipped_json(current)])

    async def use(self, request: Request) -> Response:
        """Let a version answer from now on, because a person says so."""
        learning, task = self._app().learning, self._task(request.path_params["model"])
        version = request.path_params["version"]
        await run_in_threadpool(learning.use, task, version, "a person chose it")
        return JSONResponse({"task": task, "version": version, "current": True})

    def _one(self, name: str) -> Job:
        """A job; whoever learns that it is done is answered by what it made."""
        learning = self._app().learning
        job = learning.runner().jobs.get(name)
        if job.state == "done":
            learning.follow()
        return job

    def _all(self) -> tuple[Job, ...]:
        learning = self._app().learning
        found = learning.runner().jobs.all()
        learning.follow()
        return found

    def _submit(self, task: str, params: TrainParams) -> Job:
        return self._app().learning.runner().submit(task, params.request())

    def _task(self, name: str) -> str:
        names = sorted(self._app().tasks)
        if name not in names:
            raise NotFoundError(
                "there is no such model", got=name, expected=f"one of {', '.join(names)}", hint=nearest(name, names)
            )
        return name


async def _stream(look: Callable[[str], Job], name: str) -> AsyncIterator[str]:
    said, when = "", -math.inf
    while True:
        job = await run_in_threadpool(look, name)
        text, now = json.dumps(job_json(job)), time.monotonic()
        if text != said or now - when >= _SILENCE_SECONDS:
            yield f"data: {text}\n\n"
            said, when = text, now
        if job.final:
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _ended(job: Job) -> dict[str, Any]:
    """What a client that waited for the end wants to know."""
    return {key: job_json(job)[key] for key in ("version", "comparison", "score")} if job.final else {}


def _check_device(params: TrainParams) -> None:
    if params.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise InputError("there is no GPU to train on", got="device 'cuda'", expected="'cpu', or no device")


def _of_task(body: object, name: str, app: LesionLabApp) -> object:
    """Stock clients send parameters by name when they start several: ``{"lesion_shape": {...}}``."""
    if isinstance(body, dict) and body and all(key in app.tasks or key == "client_id" for key in body):
        return body.get(name, {})
    return body

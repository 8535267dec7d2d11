"""What a training job says of its progress, written to the database of jobs."""

from __future__ import annotations

import time

from lesionlab.errors import InternalError
from lesionlab.learning.train import TrainProgress
from lesionlab.progress import Progress
from lesionlab.store.jobs import Job, Jobs, Standing

_REPORT_SECONDS = 1.0


class Reporter:
    """Writes how far the job is, at most once a second."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs, self._job = jobs, job.id
        self._standing = Standing()
        self._first: tuple[float, int] | None = None
        self._written = -1e9

    def say(self, message: str) -> None:
        """What it does now."""
        self._standing = self._standing.model_copy(update={"message": message, "remaining_s": None})
        self._write()

    def quiet(self, _: Progress) -> None:
        """Progress that nobody needs to see."""

    def report(self, progress: Progress) -> None:
        """A step of training."""
        if not isinstance(progress, TrainProgress):
            raise InternalError("not progress of training", got=type(progress).__name__)
        now = time.monotonic()
        self._first = self._first or (now, progress.done)
        began, done_then = self._first
        done = progress.done - done_then
        remaining = None if done == 0 else (now - began) / done * (progress.total - progress.done)
        self._standing = Standing(
            epoch=progress.epoch,
            epochs=progress.epochs,
            step=progress.done,
            steps=progress.total,
            loss=progress.loss,
            score=progress.score,
            remaining_s=remaining,
            message="training",
        )
        if now - self._written >= _REPORT_SECONDS or progress.done == progress.total:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        self._jobs.report(self._job, self._standing)

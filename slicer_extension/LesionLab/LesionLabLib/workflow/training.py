"""Training on the server, and the versions that come of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from LesionLabLib.errors import ExtensionError, Refused

from .asking import plain
from .checking import BadInput
from .context import Context
from .prompts import Prompts
from .state import ERROR, INFO, WARNING

if TYPE_CHECKING:
    from LesionLabLib.answers import Training, Version

_GONE = 404


class Trainings:
    """Starts, follows and stops a training; chooses versions. It never stands in the way of a click."""

    def __init__(self, context: Context, prompts: Prompts) -> None:
        self._context = context
        self._prompts = prompts
        self._job = ""
        self._polled = 0.0
        self._asked = False

    def start(self, epochs: int | None) -> None:
        """Train the chosen task."""
        task, training = self._task(), self._context.state.training
        if epochs is not None and epochs < 1:
            raise BadInput(f"A training takes at least one epoch, got {epochs}.")
        if training is not None and not training.over:
            raise BadInput("A training runs already. Wait for it, or cancel it.")
        self._context.asking.ask(
            "Starting the training",
            lambda client, job: client.start_training(task, epochs, job),
            self._started,
            key="start training",
            of_case=False,
        )

    def cancel(self) -> None:
        """Stop it."""
        job_id, training = self._job, self._context.state.training
        if not job_id or (training is not None and training.over):
            raise BadInput("No training runs.")
        self._context.asking.ask(
            "Stopping the training",
            lambda client, job: client.cancel_training(job_id, job),
            lambda _: self._poll_soon(),
            key="stop training",
            of_case=False,
        )

    def use(self, version: str) -> None:
        """Make a version the current one."""
        task = self._task()

        def done(_: None) -> None:
            self._prompts.known.forget_answers()
            self._context.current.say(INFO, f"Version {version} answers from now on.")
            self.refresh_versions()

        self._context.asking.ask(
            f"Switching to version {version}",
            lambda client, job: client.use_version(task, version, job),
            done,
            key="use version",
            of_case=False,
        )

    def refresh_versions(self) -> None:
        """Read the versions of the chosen task again."""
        task = self._context.state.task
        if not task or not self._context.asking.ready:
            return

        def done(versions: tuple[Version, ...]) -> None:
            if self._context.state.task == task and versions != self._context.state.versions:
                self._context.current.change(versions=versions)

        def failed(error: Exception) -> None:
            # A task without versions, or a server that keeps none: there is nothing to choose from.
            if not isinstance(error, ExtensionError):
                self._context.asking.tell(error)

        self._context.asking.ask(
            "Reading versions",
            lambda client, job: client.versions(task, job),
            done,
            failed,
            key="versions",
            of_case=False,
            quiet=True,
        )

    def poll(self) -> None:
        """Ask how it goes, now and then, and only when the worker has nothing better to do."""
        now, asking = time.monotonic(), self._context.asking
        if not self._job or self._asked or not asking.ready or asking.busy:
            return
        if now - self._polled < self._context.settings.poll_seconds:
            return
        self._polled, job_id, self._asked = now, self._job, True
        asking.ask(
            "Following the training",
            lambda client, job: client.training(job_id, job),
            self._heard,
            self._not_heard,
            key="poll training",
            of_case=False,
            quiet=True,
        )

    def reconnected(self) -> None:
        """What was asked of the server before is not answered any more."""
        self._asked = False

    def forget(self) -> None:
        """Another server: its trainings are others."""
        self._job, self._asked = "", False
        self._context.current.change(training=None, versions=())

    def _task(self) -> str:
        task = self._context.state.task
        if not task:
            raise BadInput("Choose a task first.")
        return task

    def _started(self, job_id: str) -> None:
        self._job = job_id
        self._context.current.change(training=None)
        self._poll_soon()

    def _poll_soon(self) -> None:
        self._polled = 0.0

    def _heard(self, training: Training) -> None:
        self._asked = False
        if training.id != self._job:
            return
        self._context.current.change(training=training)
        if training.over:
            self._job = ""
            self._prompts.known.forget_answers()
            level, text = _summary(training)
            self._context.current.say(level, text)
            self.refresh_versions()

    def _not_heard(self, error: Exception) -> None:
        self._asked = False
        if isinstance(error, Refused) and error.status == _GONE:
            self._job = ""
            self._context.current.change(training=None)
            self._context.current.say(WARNING, "The server knows nothing of this training any more.")
        elif not isinstance(error, ExtensionError):
            self._context.current.say(ERROR, plain(error))


def _summary(training: Training) -> tuple[str, str]:
    if training.state == "cancelled":
        return INFO, "The training was cancelled. The model is as it was."
    if training.state == "failed":
        return ERROR, f"The training failed: {training.message or 'the server does not say why'}"
    new, comparison = training.version or "a new version", training.comparison
    if comparison is None:
        return INFO, f"The training is done: {new}."
    verdict = "is in use now" if comparison.promoted else "is not in use"
    if comparison.current is None or comparison.new is None:
        return INFO, f"The training is done: {new} {verdict}. {comparison.reason}".strip()
    numbers = (
        f"{comparison.metric} {comparison.current:.3f} before, {comparison.new:.3f} now, on {comparison.cases} cases"
    )
    return INFO, f"The training is done: {new} {verdict} ({numbers}). {comparison.reason}".strip()

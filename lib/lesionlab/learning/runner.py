"""Runs the queued jobs, one at a time, each in a process of its own that outlives a crash of the server.

Of several servers on the same studies one runs the jobs: the one that holds ``jobs.lock``. A job whose process died is
queued again, and goes on from its checkpoint; after ``ATTEMPTS`` starts it has failed. A process that survived its server is
watched by the next one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from filelock import FileLock, Timeout

from lesionlab.errors import ConflictError, InternalError, LesionLabError
from lesionlab.store.house import House
from lesionlab.store.jobs import Job, Jobs
from lesionlab.store.versions import TrainRequest

_log = logging.getLogger(__name__)
ATTEMPTS = 3
#: How often a running job is looked at, seconds.
_LOOK_SECONDS = 0.25
#: How often, with nothing to do, the queue is looked at for jobs of other processes.
_IDLE_SECONDS = 2.0
#: After this, a process that was asked to end is killed.
_GRACE_SECONDS = 1.0
_SAME_SECONDS = 1.0


class Runner:
    """See the module.

    Args:
        studies: the datastore.
        folders: of the lab's own task files.
        changed: called when versions may have changed: after each job, and now and then.
        command: starts a job's process; the studies, the job and the folders are added.
        environment: added to this process's own.
    """

    def __init__(
        self,
        studies: Path,
        folders: Sequence[Path] = (),
        changed: Callable[[], None] = lambda: None,
        command: Sequence[str] = (sys.executable, "-m", "lesionlab.learning.job"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._house = House.of(str(studies))
        self.jobs = Jobs(self._house.jobs())
        self._studies, self._folders, self._changed = studies, folders, changed
        self._command = tuple(command)
        self._environment = dict(environment or {})
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to run what is queued; once."""
        with self._starting:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._thread.start()

    def submit(self, task: str, request: TrainRequest) -> Job:
        """Queue a training."""
        job = self.jobs.add(task, request)
        self.start()
        self._wake.set()
        return job

    def cancel(self, job: str, patience_s: float = 3.0) -> Job:
        """Cancel a job, and wait until it has stopped.

        Raises:
            NotFoundError: there is none of that id.
        """
        self.jobs.cancel(job)
        self.start()
        self._wake.set()
        return self.wait(job, patience_s)

    def wait(self, job: str, patience_s: float | None = None) -> Job:
        """The job when it has ended, or as it is when patience has."""
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while not (found := self.jobs.get(job)).final and (deadline is None or time.monotonic() < deadline):
            time.sleep(0.1)
        return found

    def close(self) -> None:
        """Stop; a running job is queued again, for the next server to go on with."""
        self._stopping.set()
        self._wake.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            thread.join(_GRACE_SECONDS + 5)
        self.jobs.close()

    def _run(self) -> None:
        lock = FileLock(self._house.root / "jobs.lock")
        while not self._stopping.is_set():
            try:
                with lock.acquire(timeout=0):
                    self._serve()
            except Timeout:
                pass  # another server runs the jobs; it may end
            except (OSError, sqlite3.Error, LesionLabError):
                _log.exception("the jobs stand still; trying again")
            if not self._stopping.is_set():
                self._pause()

    def _serve(self) -> None:
        """What the holder of the lock does."""
        self._tidy()
        for job in self.jobs.of("running"):
            self._watch(_Process.of(job), job)
        while not self._stopping.is_set():
            self._changed()
            queued = self.jobs.of("queued")
            if queued:
                self._begin(queued[0])
            else:
                self._pause()

    def _pause(self) -> None:
        self._wake.wait(_IDLE_SECONDS)
        self._wake.clear()

    def _begin(self, job: Job) -> None:
        log = self._house.log(job.id)
        arguments = [str(self._studies), job.id, *map(str, self._folders)]
        with log.open("ab") as sink:
            # A session of its own: it can be stopped with all its children, and outlives the server.
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        process = _Process.started(child)
        try:
            self.jobs.start(job.id, process.id, process.began)
        except ConflictError:  # cancelled just now
            process.kill()
            return
        self._watch(process, job)

    def _watch(self, process: _Process, job: Job) -> None:
        kill_at: float | None = None
        looked = 0
        while process.alive():
            now = time.monotonic()
            stop = self._stopping.is_set() or self.jobs.get(job.id).cancelling
            if stop and kill_at is None:
                process.terminate()
                kill_at = now + _GRACE_SECONDS
            elif kill_at is not None and now > kill_at:
                process.kill()
            looked += 1
            if looked % round(_IDLE_SECONDS / _LOOK_SECONDS) == 0:
                self._changed()
            if process.alive():
                time.sleep(_LOOK_SECONDS / 5) if stop else self._look()
        process.kill()  # what it has left behind
        self._settle(self.jobs.get(job.id), process.ended())

    def _look(self) -> None:
        self._wake.wait(_LOOK_SECONDS)
        self._wake.clear()

    def _settle(self, job: Job, how: str) -> None:
        """The job's process is gone: what becomes of the job."""
        if job.cancelling and not job.final:
            self.jobs.stopped(job.id)
        elif self._stopping.is_set() and not job.final:
            self.jobs.queue_again(job.id, "the server stopped; it goes on with the next one", counted=False)
            return
        elif not job.final and job.attempts < ATTEMPTS:
            _log.warning("training job %s %s; it is started again", job.id, how)
            self.jobs.queue_again(job.id, f"its process {how}; it goes on from its last checkpoint", counted=True)
            return
        elif not job.final:
            log = self._house.log(job.id).name
            self.jobs.fail(job.id, f"its process {how}, {job.attempts} times; the log is {log}")
        shutil.rmtree(self._house.training(job.id), ignore_errors=True)
        self._changed()

    def _tidy(self) -> None:
        """Remove the checkpoints of jobs that have ended."""
        for job in self.jobs.all():
            if job.final:
                shutil.rmtree(self._house.training(job.id), ignore_errors=True)


class _Process:
    """A job's process, started here or by a server before this one."""

    def __init__(self, number: int, began: float, child: subprocess.Popen[bytes] | None) -> None:
        self.id, self.began, self._child = number, began, child

    @classmethod
    def started(cls, child: subprocess.Popen[bytes]) -> _Process:
        try:
            began = psutil.Process(child.pid).create_time()
        except psutil.NoSuchProcess:
            began = time.time()
        return cls(child.pid, began, child)

    @classmethod
    def of(cls, job: Job) -> _Process:
        if job.process is None or job.process_started is None:
            raise InternalError("a running job has no process", got=job.id)
        return cls(job.process, job.process_started, None)

    def alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        try:
            found = psutil.Process(self.id)
            same = abs(found.create_time() - self.began) < _SAME_SECONDS
            return bool(same and found.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """The process and all that it started."""
        self._signal(signal.SIGKILL)

    def ended(self) -> str:
        """How it ended, in words."""
        status = None if self._child is None else self._child.wait()
        if status is None:
            return "ended while no server watched it"
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def _signal(self, number: signal.Signals) -> None:
        # The group's id is the process's: it leads a session. An id that is used again leads no group of ours.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._child is not None or self.alive():
                os.killpg(self.id, number)

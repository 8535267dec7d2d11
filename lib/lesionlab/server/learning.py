"""What the server learns: the jobs that train, and which version of each task answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from lesionlab.errors import InputError, LesionLabError
from lesionlab.learning.runner import Runner
from lesionlab.predict import Predictor
from lesionlab.store.house import House, is_url
from lesionlab.store.versions import SHIPPED, Versions
from lesionlab.task import Task

logger = logging.getLogger(__name__)


class Learning:
    """See the module.

    Args:
        studies: a folder, or the URL of a server; then there is no training.
        tasks: all of them, by name.
        folders: of the lab's own task files.
        predictor: gets the version that answers; None makes one that knows them already.
    """

    def __init__(
        self, studies: str, tasks: Mapping[str, Task], folders: Sequence[Path], predictor: Predictor | None = None
    ) -> None:
        self._tasks = tasks
        self.versions = Versions(House.of(studies).models)
        self._using = threading.Lock()
        self._used = {name: self._current(name) for name in tasks}
        self.predictor = predictor or Predictor(self._folders())
        self._runner = None if is_url(studies) else Runner(Path(studies), folders, self.follow)

    def runner(self) -> Runner:
        """What runs the jobs.

        Raises:
            InputError: the studies are on another server.
        """
        if self._runner is None:
            raise InputError("training needs the studies in a folder", got="a URL", expected="--studies DIR")
        return self._runner

    def start(self) -> None:
        """Go on with the jobs that an earlier server left."""
        if self._runner is not None:
            self._runner.start()

    def close(self) -> None:
        """Stop; a running job goes on with the next server."""
        if self._runner is not None:
            self._runner.close()

    def current(self, task: str) -> str:
        """The version that answers."""
        return self._used[task]

    def use(self, task: str, version: str, reason: str) -> None:
        """Let a version answer from now on.

        Raises:
            NotFoundError: there is no such version.
            InputError: its weights cannot be read.
        """
        with self._using:
            self.predictor.use(self._tasks[task], self.versions.folder(task, version))
            self.versions.use(task, version, reason)
            self._used[task] = version

    def follow(self) -> None:
        """Answer with the versions that the folder names, whoever wrote them there: a job, or the command line."""
        with self._using:
            for name, task in self._tasks.items():
                wanted = self._current(name)
                if wanted != self._used[name]:
                    self._follow(task, wanted)

    def _follow(self, task: Task, wanted: str) -> None:
        try:
            self.predictor.use(task, self.versions.folder(task.name, wanted))
            logger.info("%s answers with version %s", task.name, wanted)
        except LesionLabError as error:
            logger.warning("version %s of %s cannot be used: %s", wanted, task.name, error.message)
        self._used[task.name] = wanted

    def _current(self, name: str) -> str:
        try:
            return self.versions.current(name)
        except LesionLabError as error:
            logger.warning("the version of %s is unknown, the shipped one answers: %s", name, error.message)
            return SHIPPED

    def _folders(self) -> dict[str, Path]:
        found = {}
        for name, version in self._used.items():
            try:
                folder = self.versions.folder(name, version)
            except LesionLabError as error:
                logger.warning("version %s of %s cannot be used: %s", version, name, error.message)
                folder, self._used[name] = None, SHIPPED
            if folder is not None:
                found[name] = folder
        return found

"""The MONAI Label app: every task, from its YAML file alone."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from monailabel.config import settings as stock_settings
from monailabel.interfaces.app import MONAILabelApp

import lesionlab
from lesionlab.errors import InputError, LesionLabError, NotFoundError
from lesionlab.image.cache import VolumeCache
from lesionlab.image.volume import Volume
from lesionlab.kinds import all_tasks
from lesionlab.predict import Predictor
from lesionlab.server.active import First, Random, leased_sample
from lesionlab.server.batch import Batch
from lesionlab.server.committee import Committee
from lesionlab.server.datastore import StudiesDatastore, image_file
from lesionlab.server.following import Watches
from lesionlab.server.labels import Labels, by_model, ledger_folder
from lesionlab.server.learning import Learning
from lesionlab.server.looks import Looks
from lesionlab.server.scoring import Dice
from lesionlab.server.sessions import OwnSessions
from lesionlab.server.settings import Settings
from lesionlab.server.strategies import learned_strategies
from lesionlab.server.tasks import TaskInfer, TaskTrain
from lesionlab.store.dispute import Disputes
from lesionlab.store.house import House, is_url
from lesionlab.store.ledger import Ledger
from lesionlab.store.ledger_check import check_ledger
from lesionlab.store.marks import MARKS, Marks
from lesionlab.task import Task, nearest

logger = logging.getLogger(__name__)

T = TypeVar("T")
_STATUS_SECONDS = 1.0
_READERS = 3
#: The version of what our routes take and give; a client of another one says so.
API = 1


class LesionLabApp(MONAILabelApp):  # type: ignore[misc]
    """Everything that MONAI Label asks of an app, for all tasks.

    Args:
        app_dir: the folder of ``main.py``; nothing is written there.
        studies: a folder, or the URL of a DICOMweb server.
        conf: MONAI Label's ``--conf``: ``tasks`` names folders of task files.
        predictor: answers requests; by default one with the shipped weights, or what was trained on these studies.
        settings: by default from the environment.
    """

    def __init__(
        self,
        app_dir: str,
        studies: str,
        conf: Mapping[str, str],
        predictor: Predictor | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.own_settings = settings or Settings.from_environment()
        folders = [Path(part) for part in conf.get("tasks", "").split(os.pathsep) if part]
        self.tasks: dict[str, Task] = all_tasks((*self.own_settings.tasks, *folders))
        self.house = House.of(studies)
        self.volumes = VolumeCache(self.own_settings.cache_bytes)
        self.learning = Learning(studies, self.tasks, (*self.own_settings.tasks, *folders), predictor)
        self.predictor = self.learning.predictor
        # More threads than networks: one request may open its image while another one's network runs.
        self._running = threading.Semaphore(self.own_settings.workers)
        self._workers = ThreadPoolExecutor(self.own_settings.workers + _READERS, thread_name_prefix="infer")
        self.watches = Watches()
        self._status_lock = threading.Lock()
        self._status: tuple[float, dict[str, Any]] = (-1e9, {})
        # Its default tracker breaks training.
        stock_settings.MONAI_LABEL_TRACKING_ENABLED = False
        os.environ["MONAI_LABEL_TRACKING_ENABLED"] = "false"
        os.environ.setdefault("PYTHONPATH", "")  # MONAI Label reads it when it starts a process
        own = ledger_folder(self.house, studies)
        self.ledger = Ledger(own, lease_seconds=self.own_settings.lease_minutes * 60.0)
        self.own_labels = Labels(self.ledger, self.datastore, own / "set_aside")
        self.marks = Marks(own / MARKS if is_url(studies) else Path(studies) / MARKS)
        super().__init__(
            app_dir=app_dir,
            studies=studies,
            conf=dict(conf),
            name="LesionLab",
            description="Cheap marks become lesion masks, detectors and classifiers",
            version=lesionlab.__version__,
        )
        # Scoring on each new sample and label would start a process each time.
        self._auto_update_scoring = False
        self._static_info = super().info()

    def init_infers(self) -> dict[str, TaskInfer]:
        """One for each task."""
        return {
            name: TaskInfer(task, self.predictor, self.volumes, self.house, self._running)
            for name, task in self.tasks.items()
        }

    def init_trainers(self) -> dict[str, TaskTrain]:
        """One for each task."""
        return {name: TaskTrain(task, self.learning) for name, task in self.tasks.items()}

    def init_strategies(self) -> dict[str, Any]:
        """``first``, ``random``, and those that look at the images."""
        folder = None if is_url(self.studies) else Path(self.studies)
        committee = Committee(self.learning.versions, self.predictor)
        looks = Looks(folder, self.tasks, self.predictor, self.marks, committee)
        learned = learned_strategies(looks, Disputes(self.ledger))
        return {"random": Random(np.random.default_rng()), "first": First(), **learned}

    def init_scoring_methods(self) -> dict[str, Any]:
        """``dice``."""
        return {"dice": Dice()}

    def init_batch_infer(self) -> Callable[..., Any]:
        """Ours needs no GPU."""
        return Batch()

    def init_datastore(self) -> Any:
        """A folder is ours, everything else MONAI Label's."""
        if is_url(self.studies):
            return super().init_datastore()
        return StudiesDatastore(
            Path(self.studies),
            auto_reload=stock_settings.MONAI_LABEL_DATASTORE_AUTO_RELOAD,
            read_only=stock_settings.MONAI_LABEL_DATASTORE_READ_ONLY,
        )

    def _init_dicomweb_datastore(self) -> Any:
        """Ours, which loses no label."""
        from lesionlab.server.dicomweb import dicomweb_studies

        return dicomweb_studies(self.studies)

    def on_init_complete(self) -> None:
        """The server is about to listen: guard its routes, and load the models in the background."""
        from lesionlab.server.guard import guard_stock

        guard_stock()
        self.house.clear_incoming()
        super().on_init_complete()
        self.learning.start()
        self._workers.submit(self._check_labels)
        for task in self.tasks.values():
            self._workers.submit(self._warm_up, task)

    def info(self) -> dict[str, Any]:
        """What ``GET /info/`` answers; the counts of the datastore are looked up anew at most once a second."""
        stock = self._static_info["models"]
        models = {name: {**model, "version": self.learning.current(name)} for name, model in stock.items()}
        own = {"version": lesionlab.__version__, "api": API}
        return {**self._static_info, "models": models, "datastore": self._datastore_status(), "lesionlab": own}

    @property
    def is_remote(self) -> bool:
        """Whether the studies are on another server, so that to ask for them takes time."""
        return is_url(self.studies)

    def work(self, job: Callable[[], T]) -> Future[T]:
        """Run a job in one of the few threads for inference."""
        return self._workers.submit(job)

    def infer_task(self, name: str) -> TaskInfer:
        """The inference of a task.

        Raises:
            NotFoundError: with the nearest valid name.
        """
        found = self._infers.get(name)
        if found is None:
            names = sorted(self._infers)
            raise NotFoundError(
                "there is no such model", got=name, expected=f"one of {', '.join(names)}", hint=nearest(name, names)
            )
        assert isinstance(found, TaskInfer)
        return found

    def volume(self, path: Path) -> Volume:
        """The image in a file of the studies or of a session; errors name the file without its folder.

        Raises:
            NotFoundError: it is gone.
            InputError: it cannot be read.
        """
        if not path.exists():
            raise NotFoundError("the image is gone from the studies", got=path.name)
        try:
            return self.volumes.get(path)
        except InputError as error:
            raise error.without(f"{path.parent}{os.sep}") from error

    def infer(self, request: dict[str, Any], datastore: Any = None) -> dict[str, Any]:
        """MONAI Label's own inference, which its batch jobs use; the image is looked up by its name only."""
        store = datastore or self.datastore()
        image, name = request["image"], request["model"]
        task = self.infer_task(name)
        file, summary = task({**request, "image": str(image_file(store, image))})
        label = None
        if file and request.get("save_label", False):
            tag = request.get("label_tag", "original")
            self.own_labels.save(by_model(image, tag, name, summary), Path(file))
            label = image
        return {"label": label or file, "tag": request.get("label_tag", "original"), "file": file, "params": summary}

    def own_sessions(self) -> OwnSessions:
        """The sessions.

        Raises:
            NotFoundError: when they are switched off.
        """
        sessions = self.sessions()
        if not isinstance(sessions, OwnSessions):
            raise NotFoundError("sessions are switched off", expected="MONAI_LABEL_SESSIONS=true")
        return sessions

    def close(self) -> None:
        """Stop the threads: of training, of inference, and of watching the studies folder."""
        self.learning.close()
        self._workers.shutdown(wait=False, cancel_futures=True)
        store = self.datastore()
        if isinstance(store, StudiesDatastore):
            store.close()
        self.ledger.close()

    def next_sample(self, request: dict[str, Any]) -> dict[str, Any]:
        """The next image to label: one that nobody else works on, which then is leased to who asks."""
        return leased_sample(self.ledger.leases, self.datastore(), self._strategies, request)

    def _load_sessions(self, load: bool = False) -> OwnSessions | None:
        if not load:
            return None
        path = stock_settings.MONAI_LABEL_SESSION_PATH or str(self.house.sessions())
        return OwnSessions(path, stock_settings.MONAI_LABEL_SESSION_EXPIRY)

    def _download_dcmqi_tools(self) -> None:
        """MONAI Label would download programs; ours come with the installation."""
        if shutil.which("itkimage2segimage") is None:
            logger.warning(
                "itkimage2segimage is not on PATH; labels cannot be stored as DICOM (see 'lesionlab doctor')"
            )

    def _datastore_status(self) -> dict[str, Any]:
        with self._status_lock:
            asked, status = self._status
            if time.monotonic() - asked > _STATUS_SECONDS:
                status = self.datastore().status()
                self._status = (time.monotonic(), status)
            return status

    def _check_labels(self) -> None:
        """Put right what a server that died left half done; nobody waits for it."""
        try:
            check_ledger(self.ledger)
            self.own_labels.settle_all()
        except Exception:  # nobody asks for this thread's result
            logger.exception("the labels could not be checked")

    def _warm_up(self, task: Task) -> None:
        try:
            self.predictor.model(task)
        except LesionLabError as error:
            logger.warning("the model of %s cannot be loaded: %s", task.name, error.message)

"""One training job, from the labels as they are now to a version that was compared: ``python -m lesionlab.learning.job``.

The server starts it in a process of its own (:mod:`lesionlab.learning.runner`); it reports through the database of jobs. Started
again after it was killed, it goes on from its last epoch, unless the labels have changed meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

import lesionlab
from lesionlab.errors import ConflictError, LesionLabError, NotFoundError
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.kind import CaseScore, Json, Model, TrainOptions
from lesionlab.learning.promotion import choose_cases, compare, first
from lesionlab.learning.reporter import Reporter
from lesionlab.learning.team import Team
from lesionlab.learning.train import drawers, fit
from lesionlab.store.cases import TABLE, Case, read_cases
from lesionlab.store.files import write_atomically
from lesionlab.store.house import House
from lesionlab.store.jobs import Job, Jobs
from lesionlab.store.marks import MARKS
from lesionlab.store.split import split_patients
from lesionlab.store.versions import WEIGHTS, Comparison, PairedScore, UsedLabel, UsedWeak, Version, Versions
from lesionlab.store.weak_files import WEAK
from lesionlab.task import Frozen, Task

_log = logging.getLogger(__name__)
_CLAIM_SECONDS = 20.0
_INPUTS = "inputs.json"


class _Inputs(Frozen):
    """What a job began with, so that a later attempt goes on only from the same."""

    parent: str | None
    sha256: dict[str, str]
    weak: str = ""


class TrainingJob:
    """One attempt at a job.

    Args:
        studies: the datastore.
        jobs: where it reports.
        job: what was asked.
        task: the task that it names.
    """

    def __init__(self, studies: Path, jobs: Jobs, job: Job, task: Task) -> None:
        self._studies, self._jobs, self._job, self._task = studies, jobs, job, task
        self._kind = kind_of(task)
        house = House.of(str(studies))
        self._versions = Versions(house.models)
        self._out = house.training(job.id)
        self._reporter = Reporter(jobs, job)

    def run(self) -> None:
        """Train, compare, keep the version, and promote it if it is not worse.

        Raises:
            InputError: there is nothing to train on, or what is there is wrong.
        """
        made = self._made_before()
        if made is None:
            parent = self._begin()
            scores, labels, weak = self._train(parent)
            made = self._keep(parent, scores, labels, weak)
        if made.comparison.promoted and self._versions.current(self._task.name) != made.version:
            self._versions.use(self._task.name, made.version, made.comparison.reason)
        self._jobs.finish(self._job.id, made.version, made.comparison)

    def _made_before(self) -> Version | None:
        """The version that an attempt kept just before it was killed."""
        return next((v for v in self._versions.all(self._task.name) if v.job == self._job.id), None)

    def _begin(self) -> str | None:
        """The version to go on from; an earlier attempt on other labels is thrown away."""
        self._reporter.say("preparing")
        current = None if self._job.request.fresh else self._versions.current(self._task.name)
        path = self._out / _INPUTS
        if path.is_file():
            before = _Inputs.model_validate_json(path.read_text(encoding="utf-8"))
            if (before.sha256, before.weak) == (self._checksums(), self._weak()):
                return before.parent
            _log.info("the labels have changed: training begins again")
            shutil.rmtree(self._out)
        self._out.mkdir(parents=True, exist_ok=True)
        inputs = _Inputs(parent=current, sha256=self._checksums(), weak=self._weak())
        write_atomically(path, inputs.model_dump_json())
        return current

    def _train(self, parent: str | None) -> tuple[Json, tuple[UsedLabel, ...], tuple[UsedWeak, ...]]:
        request = self._job.request
        start = None if parent is None else self._versions.folder(self._task.name, parent)
        options = TrainOptions(request.epochs, request.seed, request.fresh, start, request.device)
        team = Team.join(options.device)
        recipe = self._kind.recipe(self._task, self._studies, options)
        labels = self._labels()
        before = _Inputs.model_validate_json((self._out / _INPUTS).read_text(encoding="utf-8")).sha256
        # Weak labels may be added meanwhile: the recipe itself says which it has read.
        if {label.image: label.sha256 for label in labels} != before:
            raise _LabelsChangedError("labels were saved while they were being read")
        return fit(recipe, self._out, request.seed, self._reporter.report, drawers(), team), labels, recipe.weak

    def _keep(
        self, parent: str | None, scores: Json, labels: tuple[UsedLabel, ...], weak: tuple[UsedWeak, ...]
    ) -> Version:
        pairs, comparison = self._compare(labels)
        name = self._versions.next_name(self._task.name)
        version = Version(
            version=name,
            task=self._task.name,
            created=datetime.now(UTC),
            parent=parent,
            job=self._job.id,
            request=self._job.request,
            configuration=self._task.model_dump(mode="json"),
            code=lesionlab.__version__,
            torch=torch.__version__,
            labels=labels,
            weak=weak,
            training=scores,
            scores=pairs,
            comparison=comparison,
        )
        self._versions.add(version, self._out / WEIGHTS)
        return version

    def _compare(self, labels: tuple[UsedLabel, ...]) -> tuple[tuple[PairedScore, ...], Comparison]:
        against = self._versions.current(self._task.name)
        self._reporter.say(f"comparing with {against}")
        chosen, who = choose_cases(self._cases(), labels, self._known(against))
        parts = {label.patient: label.part for label in labels}
        new = self._scores(self._kind.load(self._task, self._out), chosen)
        model = self._model(against)
        old = {} if model is None else {score.case: score.value for score in self._scores(model, chosen)}
        pairs = tuple(
            PairedScore(
                case=score.case,
                patient=score.patient,
                part=parts[score.patient],
                current=old.get(score.case),
                new=score.value,
            )
            for score in new
        )
        metric = self._kind.metric
        return pairs, first(metric, pairs) if model is None else compare(metric, against, pairs, who)

    def _known(self, against: str) -> tuple[UsedLabel, ...] | None:
        """The labels that the current version knew; while the shipped weights answer, those that the oldest version knew."""
        trained = {version.version: version for version in self._versions.all(self._task.name)}
        known = trained.get(against) or next(reversed(trained.values()), None)
        return None if known is None else known.labels

    def _model(self, version: str) -> Model | None:
        """A version's model; None for a task that came without weights."""
        folder = self._versions.folder(self._task.name, version)
        try:
            return self._kind.load(self._task, folder)
        except NotFoundError:
            if folder is None:
                return None
            raise

    def _scores(self, model: Model, cases: Sequence[Case]) -> tuple[CaseScore, ...]:
        return self._kind.case_scores(self._task, model, cases, self._reporter.quiet)

    def _cases(self) -> list[Case]:
        return [case for case in read_cases(self._studies) if self._kind.is_labelled(self._task, case)]

    def _checksums(self) -> dict[str, str]:
        of_image: dict[str, list[Case]] = {}
        for case in self._cases():
            of_image.setdefault(case.image.name, []).append(case)
        return {image: _checksum(cases, self._kind.learns_from_table) for image, cases in of_image.items()}

    def _weak(self) -> str:
        """SHA-256 of all weak labels as they are now."""
        files = [
            self._studies / TABLE,
            *sorted((self._studies / WEAK).glob("*")),
            *sorted((self._studies / MARKS).glob("*")),
        ]
        told = hashlib.sha256()
        for file in files:
            if file.is_file():
                told.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
        return told.hexdigest()

    def _labels(self) -> tuple[UsedLabel, ...]:
        """The labels as they are now, after the recipe has divided the patients."""
        cases = {case.image.name: case for case in self._cases()}
        parts = split_patients(self._studies, (case.patient for case in cases.values())).parts
        return tuple(
            UsedLabel(image=image, patient=cases[image].patient, part=parts[cases[image].patient], sha256=checksum)
            for image, checksum in self._checksums().items()
        )


def _checksum(cases: Sequence[Case], table: bool) -> str:
    """SHA-256 of an image's mask, by which the ledger finds its revision; with ``table`` of what ``cases.csv`` says as well."""
    mask = cases[0].mask
    content = b"" if mask is None else mask.read_bytes()
    if table:
        rows = [(case.label, case.point_mm, case.size_mm, case.reader) for case in cases]
        content = hashlib.sha256(content).digest() + repr(rows).encode()
    return hashlib.sha256(content).hexdigest()


class _LabelsChangedError(ConflictError):
    """A label was saved between the reading and the recording of the labels."""


def main(argv: Sequence[str]) -> int:
    """``STUDIES JOB [TASK_FOLDER ...]``: carry out a job that the server has given to this process."""
    studies, identity, *folders = argv
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    os.nice(5)  # clicks go first
    house = House.of(studies)
    jobs = Jobs(house.jobs())
    job = _claimed(jobs, identity)
    if job is None:
        return 1
    try:
        task = find_task(job.task, tuple(Path(folder) for folder in folders))
        _attempts(Path(studies), jobs, job, task)
    except LesionLabError as error:
        traceback.print_exc()
        jobs.fail(identity, error.message)
    except Exception as error:  # the border of this process: whatever it was, the job says so
        traceback.print_exc()
        jobs.fail(identity, f"{type(error).__name__}: {error}; the log is {house.log(identity).name}")
    return 0


def _attempts(studies: Path, jobs: Jobs, job: Job, task: Task) -> None:
    for left in (2, 1, 0):
        try:
            TrainingJob(studies, jobs, job, task).run()
            return
        except _LabelsChangedError:
            if not left:
                raise


def _claimed(jobs: Jobs, identity: str) -> Job | None:
    """The job, once the server has entered this process; None when it does not."""
    deadline = time.monotonic() + _CLAIM_SECONDS
    while time.monotonic() < deadline:
        job = jobs.get(identity)
        if job.process == os.getpid():
            return job
        time.sleep(0.05)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

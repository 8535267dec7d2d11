"""The ``classify`` kind: where its parts are found. Heavy parts are imported when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.checked import checked
from lesionlab.kinds.classify.forms import dimension_of
from lesionlab.kinds.classify.task import ClassifyRequest, ClassifyTask
from lesionlab.kinds.kind import CaseScore, Json, Kind, Look, Model, Result, TrainOptions
from lesionlab.progress import Report
from lesionlab.task import Task

if TYPE_CHECKING:
    import numpy as np

    from lesionlab.image.geometry import Geometry
    from lesionlab.image.volume import Volume
    from lesionlab.kinds.classify.recipe import ClassifyRecipe
    from lesionlab.kinds.exhibits import Compared, Exhibit, Measured, Rating
    from lesionlab.store.cases import Case


class ClassifyKind(Kind):
    """Image -> class scores."""

    name = "classify"
    task_type = ClassifyTask
    request_type = ClassifyRequest
    monailabel_type = "classification"
    metric = "probability of the true class"
    looks_at = "image"
    learns_from_table = True

    def is_labelled(self, task: Task, case: Case) -> bool:
        """Whether it has a class, and for patch tasks a point."""
        assert isinstance(task, ClassifyTask)
        return case.label in task.classes and (task.input.form != "patch" or case.point_mm is not None)

    def shows(self, task: Task, case: Case) -> bool:
        """With a positive class, whether the case is of it."""
        assert isinstance(task, ClassifyTask)
        return task.target is None or case.label == task.classes[task.target]

    def dimension(self, task: Task) -> int:
        """As the form of its input says."""
        assert isinstance(task, ClassifyTask)
        return dimension_of(task.input)

    def load(self, task: Task, model_dir: Path | None = None) -> Model:
        """The networks with their weights."""
        from lesionlab.kinds.classify.model import ClassifyModel

        assert isinstance(task, ClassifyTask)
        return ClassifyModel.load(task, model_dir)

    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> ClassifyRequest:
        """Our own fields; stock clients send none."""
        return checked(ClassifyRequest, params, "params")

    def recipe(self, task: Task, data: Path, options: TrainOptions) -> ClassifyRecipe:
        """Images or crops of the training patients."""
        from lesionlab.kinds.classify.preparing import prepare

        assert isinstance(task, ClassifyTask)
        return prepare(task, data, options)

    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        """AUC with its interval, figures at the operating point, calibration, confusion, and every case."""
        from lesionlab.kinds.classify.evaluation import evaluate

        assert isinstance(task, ClassifyTask)
        return evaluate(task, model, data, report)

    def headline(self, task: Task, scores: Json) -> Measured:
        """AUC."""
        from lesionlab.kinds.classify.exhibits import headline

        return headline(scores)

    def exhibits(self, task: Task, scores: Json) -> tuple[Exhibit, ...]:
        """ROC curve, figures at the operating point, reliability, confusion, every case."""
        from lesionlab.kinds.classify.exhibits import exhibits

        assert isinstance(task, ClassifyTask)
        return exhibits(task, scores)

    def differences(self, task: Task, ours: Json, theirs: Json) -> tuple[Compared, ...]:
        """AUC and accuracy."""
        from lesionlab.kinds.classify.exhibits import differences

        assert isinstance(task, ClassifyTask)
        return differences(task, ours, theirs)

    def ratings(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[Rating, ...]:
        """The probability of the positive class."""
        from lesionlab.kinds.classify.rating import ratings

        assert isinstance(task, ClassifyTask)
        return ratings(task, model, cases, report)

    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        """The probability that the model gives to each case's class."""
        from lesionlab.kinds.classify.evaluation import truth_of_cases

        assert isinstance(task, ClassifyTask)
        return truth_of_cases(task, model, cases, report)

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look | None:
        """How unsure the model is of the class; None for a patch task without a point."""
        from lesionlab.kinds.classify.look import look

        assert isinstance(task, ClassifyTask)
        return look(task, model, case, volume)

    def apart(self, a: Result, b: Result) -> float | None:
        """How far the probabilities of two answers differ."""
        from lesionlab.kinds.classify.look import answers_apart
        from lesionlab.kinds.classify.result import ClassifyResult

        return answers_apart(a, b) if isinstance(a, ClassifyResult) and isinstance(b, ClassifyResult) else None

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        """The simulated cohort that the task names."""
        from lesionlab.phantoms.cohorts import write_cohort

        assert isinstance(task, ClassifyTask)
        write_cohort(task.phantom, out, cases, rng, shift)

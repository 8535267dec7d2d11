"""The ``detect`` kind: where its parts are found. Heavy parts are imported when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.checked import checked
from lesionlab.kinds.detect.asking import DetectExplainRequest
from lesionlab.kinds.detect.task import DetectRequest, DetectTask
from lesionlab.kinds.kind import CaseScore, Json, Kind, Look, Model, Result, TrainOptions
from lesionlab.progress import Report
from lesionlab.task import Task

if TYPE_CHECKING:
    import numpy as np

    from lesionlab.image.geometry import Geometry
    from lesionlab.image.volume import Volume
    from lesionlab.kinds.detect.recipe import DetectRecipe
    from lesionlab.kinds.exhibits import Compared, Exhibit, Measured, Rating
    from lesionlab.store.cases import Case


class DetectKind(Kind):
    """Image -> candidates: point, size, confidence."""

    name = "detect"
    task_type = DetectTask
    request_type = DetectRequest
    monailabel_type = "detection"
    metric = "average precision"
    learns_from_table = True
    looks_at = "image"

    def is_labelled(self, task: Task, case: Case) -> bool:
        """Whether it has a point, a mask, or a class that says that there is none of either."""
        return case.point_mm is not None or case.mask is not None or bool(case.label)

    def dimension(self, task: Task) -> int:
        """As the task says."""
        assert isinstance(task, DetectTask)
        return task.dimension

    def load(self, task: Task, model_dir: Path | None = None) -> Model:
        """The network with its weights."""
        from lesionlab.kinds.detect.model import DetectModel

        assert isinstance(task, DetectTask)
        return DetectModel.load(task, model_dir)

    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> DetectRequest:
        """Our own fields; stock clients send none."""
        return checked(DetectRequest, params, "params")

    @property
    def explain_type(self) -> type[DetectExplainRequest]:
        """A place among those that an answer shows."""
        return DetectExplainRequest

    def explain_request(self, task: Task, params: Json, geometry: Geometry) -> DetectExplainRequest:
        """Our own fields."""
        return checked(DetectExplainRequest, params, "params")

    def recipe(self, task: Task, data: Path, options: TrainOptions) -> DetectRecipe:
        """Windows of the training patients."""
        from lesionlab.kinds.detect.preparing import prepare

        assert isinstance(task, DetectTask)
        return prepare(task, data, options)

    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        """FROC with intervals, CPM, sensitivity by size."""
        from lesionlab.kinds.detect.evaluation import evaluate

        assert isinstance(task, DetectTask)
        return evaluate(task, model, data, report)

    def headline(self, task: Task, scores: Json) -> Measured:
        """CPM."""
        from lesionlab.kinds.detect.exhibits import headline

        return headline(scores)

    def exhibits(self, task: Task, scores: Json) -> tuple[Exhibit, ...]:
        """The FROC curve, sensitivity by rate and size, every image."""
        from lesionlab.kinds.detect.exhibits import exhibits

        assert isinstance(task, DetectTask)
        return exhibits(task, scores)

    def differences(self, task: Task, ours: Json, theirs: Json) -> tuple[Compared, ...]:
        """CPM and sensitivities."""
        from lesionlab.kinds.detect.exhibits import differences

        return differences(ours, theirs)

    def ratings(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[Rating, ...]:
        """An image is as likely diseased as its most certain candidate."""
        from lesionlab.kinds.detect.rating import ratings

        return ratings(model, cases, report)

    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        """The average precision of each image's candidates."""
        from lesionlab.kinds.detect.evaluation import precision_of_cases

        return precision_of_cases(model, cases, report)

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look:
        """How close the candidates lie to the operating point, and the features at the strongest."""
        from lesionlab.kinds.detect.look import look

        return look(model, volume)

    def apart(self, a: Result, b: Result) -> float | None:
        """The difference of confidence of the candidate about which two answers differ most."""
        from lesionlab.kinds.detect.look import candidates_apart
        from lesionlab.kinds.detect.result import DetectResult

        return candidates_apart(a, b) if isinstance(a, DetectResult) and isinstance(b, DetectResult) else None

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        """The simulated cohort that the task names."""
        from lesionlab.phantoms.cohorts import write_cohort

        assert isinstance(task, DetectTask)
        write_cohort(task.phantom, out, cases, rng, shift)

"""The ``shape`` kind: where its parts are found. Heavy parts are imported when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.kinds.kind import CaseScore, Json, Kind, Look, Model, TrainOptions
from lesionlab.kinds.shape.task import ShapeRequest, ShapeTask
from lesionlab.progress import Report
from lesionlab.task import Task

if TYPE_CHECKING:
    import numpy as np

    from lesionlab.image.geometry import Geometry
    from lesionlab.image.volume import Volume
    from lesionlab.kinds.exhibits import Compared, Exhibit, Measured
    from lesionlab.kinds.shape.recipe import ShapeRecipe
    from lesionlab.store.cases import Case


class ShapeKind(Kind):
    """Volume + point + size -> mask, diameter, volume, certainty."""

    name = "shape"
    task_type = ShapeTask
    request_type = ShapeRequest
    monailabel_type = "deepgrow"
    metric = "dice"
    looks_at = "mark"

    def labels(self, task: Task) -> dict[str, int]:
        """One lesion."""
        return {"lesion": 1}

    def client_config(self, task: Task) -> Json:
        """The size that is taken for clients that click without giving one."""
        assert isinstance(task, ShapeTask)
        return {"size_mm": task.size_mm.default}

    def load(self, task: Task, model_dir: Path | None = None) -> Model:
        """The network with its weights."""
        from lesionlab.kinds.shape.model import ShapeModel

        assert isinstance(task, ShapeTask)
        return ShapeModel.load(task, model_dir)

    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> ShapeRequest:
        """Our own fields, or the stock DeepGrow panel's ``foreground`` / ``background`` voxel clicks."""
        from lesionlab.kinds.shape.stock import request_from_params

        assert isinstance(task, ShapeTask)
        return request_from_params(task, params, geometry)

    def recipe(self, task: Task, data: Path, options: TrainOptions) -> ShapeRecipe:
        """Masks of the training patients mixed with simulated lesions, from the shipped weights on."""
        from lesionlab.kinds.shape.preparing import prepare

        assert isinstance(task, ShapeTask)
        return prepare(task, data, options)

    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        """Dice, Hausdorff distance, errors of diameter and volume, reliability of the certainty."""
        from lesionlab.kinds.shape.evaluation import evaluate

        return evaluate(model, data, report)

    def headline(self, task: Task, scores: Json) -> Measured:
        """Mean Dice."""
        from lesionlab.kinds.shape.exhibits import headline

        return headline(scores)

    def exhibits(self, task: Task, scores: Json) -> tuple[Exhibit, ...]:
        """The distribution of Dice, whether the certainty holds, every lesion."""
        from lesionlab.kinds.shape.exhibits import exhibits

        return exhibits(scores)

    def differences(self, task: Task, ours: Json, theirs: Json) -> tuple[Compared, ...]:
        """Mean Dice and mean errors."""
        from lesionlab.kinds.shape.exhibits import differences

        return differences(ours, theirs)

    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        """Dice of each lesion by what training made alone, clicked and sized as its case says."""
        from lesionlab.kinds.shape.evaluation import dice_of_cases

        return dice_of_cases(model, cases, report)

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look | None:
        """How unsure the model is of the lesion at the case's point; None without a point."""
        from lesionlab.kinds.shape.look import look

        return look(model, case, volume)

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        """Simulated volumes with one or more lesions each."""
        from lesionlab.phantoms.chest_cohort import write_cohort

        write_cohort(out, cases, rng, shift)

"""Cross-validation: a patient is only ever answered by the model that did not see that patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.methods import CrossValidated
from benchmarks.real_cases import RealCase
from benchmarks.trials import EXACT, Trial

from benchmarks import methods
from lesionlab.errors import NotFoundError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Model, Request
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.task import Task

FOLDS = {"ann": 0, "bob": 1, "cid": 0}


class NamedModel(Model):
    """Answers one voxel, with its fold as the certainty."""

    def __init__(self, fold: int) -> None:
        self.fold = fold

    def predict(self, volume: Volume, request: Request) -> ShapeResult:
        mask = Volume(np.ones((1, 1, 1), dtype=np.uint8), volume.geometry.crop((0, 0, 0), (1, 1, 1)))
        return ShapeResult(mask, None, 1.0, 1.0, 1.0, True, self.fold / 10, "test")


class NamedKind:
    """Stands in for the shape kind; remembers what it loaded."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def load(self, task: Task, model_dir: Path) -> Model:
        self.loaded.append(model_dir.name)
        return NamedModel(int(model_dir.name.removeprefix("fold")))


def trial(patient: str) -> Trial:
    volume = Volume.zeros(Geometry((4, 4, 4), np.eye(4)))
    case = RealCase(patient, patient, "CT", "focal", volume, volume, (1.0, 1.0, 1.0), 2.0)
    return Trial(EXACT, case, volume, volume, case.point_mm, case.size_mm)


def test_every_patient_is_answered_by_the_model_of_its_own_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = NamedKind()
    monkeypatch.setattr(methods, "kind_of", lambda task: kind)
    for fold in (0, 1):
        (tmp_path / f"fold{fold}").mkdir()
    ours = CrossValidated(tmp_path, FOLDS)
    assert [ours(trial(patient)).certainty for patient in ("ann", "cid", "bob")] == [0.0, 0.0, 0.1]
    assert kind.loaded == ["fold0", "fold1"]


def test_a_fold_without_a_model_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "fold0").mkdir()
    with pytest.raises(NotFoundError, match="fold1"):
        CrossValidated(tmp_path, FOLDS)

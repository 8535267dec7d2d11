"""The command line with a stand-in for the network: it marks the clicked voxel."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from lesionlab.cli import main
from lesionlab.kinds.kind import Model
from lesionlab.kinds.shape.kind import ShapeKind
from lesionlab.task import Task
from tests.cli.voxel_model import AFFINE, SHAPE, Answer, Cli, VoxelModel


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv("LESIONLAB_TASKS", raising=False)

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Answer(status, *capsys.readouterr())

    return call


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> VoxelModel:
    stand_in = VoxelModel()

    def load(self: ShapeKind, task: Task, model_dir: Path | None = None) -> Model:
        return stand_in

    monkeypatch.setattr(ShapeKind, "load", load)
    return stand_in


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros(SHAPE, np.int16), AFFINE), path)
    return path

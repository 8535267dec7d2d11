"""A kind whose model is one number, so that training takes milliseconds: how much of an image a mask takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import CaseScore, Json, Kind, Model, Request, Result, TrainOptions
from lesionlab.kinds.recipe import Recipe
from lesionlab.networks.weights import read_tensors, save_tensors
from lesionlab.progress import Report
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.split import split_patients
from lesionlab.task import Task


def level(case: Case) -> float:
    assert case.mask is not None
    return float(read_volume(case.mask).array.mean())


class LevelModel(Model):
    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, volume: Volume, request: Request) -> Result:
        raise NotImplementedError


class LevelNetwork(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(value))


class LevelRecipe(Recipe[Tensor]):
    """Learn the mean level of the training patients."""

    def __init__(self, start: float, training: list[float], validation: list[float], epochs: int) -> None:
        self.network: LevelNetwork = LevelNetwork(start)
        self.epochs, self.steps, self.learning_rate = epochs, 60, 0.05
        self._training, self._validation = training, validation

    def draw(self, rng: np.random.Generator) -> Tensor:
        return torch.tensor(rng.choice(self._training, size=8), dtype=torch.float32)

    def move(self, batch: Tensor, device: torch.device) -> Tensor:
        return batch.to(device)

    def loss(self, batch: Tensor) -> Tensor:
        return ((self.network.level - batch) ** 2).mean()

    def validate(self, network: nn.Module) -> float:
        assert isinstance(network, LevelNetwork)
        return 1 - float(np.abs(network.level.item() - np.array(self._validation)).mean())

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        save_tensors(out / "model.safetensors", dict(network.state_dict()), {})


class LevelKind(Kind):
    """``shipped``: the level of the weights that came with the program."""

    name = "level"
    task_type = Task
    request_type = Request
    monailabel_type = "segmentation"
    metric = "agreement"
    shipped = 0.0

    def load(self, task: Task, model_dir: Path | None = None) -> LevelModel:
        if model_dir is None:
            return LevelModel(self.shipped)
        return LevelModel(read_tensors(model_dir / "model.safetensors")[0]["level"].item())

    def recipe(self, task: Task, data: Path, options: TrainOptions) -> LevelRecipe:
        cases = [case for case in read_cases(data) if case.mask is not None]
        split = split_patients(data, (case.patient for case in cases))
        start = 0.9 if options.fresh else self.load(task, options.start).value
        levels = [[level(case) for case in split.of(cases, part)] for part in ("train", "validation")]
        return LevelRecipe(start, levels[0], levels[1], options.epochs or 4)

    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        assert isinstance(model, LevelModel)
        return tuple(CaseScore(case.image.name, case.patient, 1 - abs(model.value - level(case))) for case in cases)

    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> Request:
        raise NotImplementedError

    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        raise NotImplementedError

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        raise NotImplementedError


TASK = Task(name="level", kind="level", title="Level", description="How much of the image.")


def write_case(studies: Path, name: str, share: float) -> None:
    """An image of 10^3 voxels, of which the mask takes a share."""
    masks = studies / "labels" / "final"
    masks.mkdir(parents=True, exist_ok=True)
    geometry = Geometry((10, 10, 10), np.eye(4))
    mask = (np.arange(1000) < round(share * 1000)).astype(np.uint8).reshape(10, 10, 10)
    write_volume(Volume(mask * 100, geometry), studies / f"{name}.nii.gz")
    write_volume(Volume(mask, geometry), masks / f"{name}.nii.gz")

"""A kind whose model is a threshold on an image's brightness: what a shift does to it can be worked out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lesionlab import kinds
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.exhibits import Compared, Measured
from lesionlab.kinds.kind import CaseScore, Json, Kind, Look, Model, Request, Result, TrainOptions
from lesionlab.kinds.recipe import Recipe
from lesionlab.metrics.bootstrap import mean_interval
from lesionlab.networks.weights import read_tensors, save_tensors
from lesionlab.progress import Report
from lesionlab.store.cases import Case, read_cases, write_cases
from lesionlab.task import Task

TASK = Task(name="plain", kind="plain", title="Plain", description="For tests.")


class Threshold(nn.Module):
    """Calls an image diseased whose mean, after batch normalisation, is above a threshold."""

    def __init__(self, mean: float, spread: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, affine=False)
        self.norm.running_mean, self.norm.running_var = torch.tensor([mean]), torch.tensor([spread**2])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.norm(x).mean(dim=(1, 2, 3))
        return answer


class PlainModel(Model):
    def __init__(self, mean: float, spread: float) -> None:
        self.version = f"{mean:g}"
        self._network = Threshold(mean, spread).eval()

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        return (self._network,)

    @torch.inference_mode()
    def diseased(self, volume: Volume) -> bool:
        return bool(self._network(torch.from_numpy(volume.array[None, None, :, :, 0].astype(np.float32)))[0] > 0)

    def predict(self, volume: Volume, request: Request) -> Result:
        raise NotImplementedError


class PlainRecipe(Recipe[float]):
    """Learns the mean brightness of all training images, at once."""

    epochs, steps, learning_rate = 1, 1, 1e-6

    def __init__(self, data: Path) -> None:
        self.brightness = float(np.mean([read_volume(case.image).array.mean() for case in read_cases(data)]))
        self.network: nn.Module = nn.Linear(1, 1)

    def draw(self, rng: np.random.Generator) -> float:
        return 0.0

    def move(self, batch: float, device: torch.device) -> float:
        return batch

    def loss(self, batch: float) -> torch.Tensor:
        answer: torch.Tensor = self.network(torch.zeros(1, 1)).sum()
        return answer

    def validate(self, network: nn.Module) -> float:
        return 1.0

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        save_tensors(out / "model.safetensors", {"mean": torch.tensor([self.brightness])}, {})


class PlainKind(Kind):
    """The share of images that are called rightly."""

    name = "plain"
    task_type = Task
    request_type = Request
    monailabel_type = "classification"
    metric = "accuracy"

    def load(self, task: Task, model_dir: Path | None = None) -> PlainModel:
        mean = 100.0 if model_dir is None else read_tensors(model_dir / "model.safetensors")[0]["mean"].item()
        return PlainModel(mean, 10.0)

    def recipe(self, task: Task, data: Path, options: TrainOptions) -> PlainRecipe:
        return PlainRecipe(data)

    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        rows = self.case_scores(task, model, read_cases(data), report)
        return {"task_model": model.version, "right": {row.case: row.value for row in rows}}

    def headline(self, task: Task, scores: Json) -> Measured:
        values = np.array(list(scores["right"].values()))
        found = mean_interval(values, np.random.default_rng(0), draws=200)
        return Measured("accuracy", found.mean, found.low, found.high)

    def differences(self, task: Task, ours: Json, theirs: Json) -> tuple[Compared, ...]:
        assert list(ours["right"]) == list(theirs["right"])
        a, b = (np.array(list(side["right"].values())) for side in (ours, theirs))
        gap = mean_interval(a - b, np.random.default_rng(0), draws=200)
        return (Compared("accuracy", float(a.mean()), float(b.mean()), gap.low, gap.high),)

    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        assert isinstance(model, PlainModel)
        right = [model.diseased(read_volume(case.image)) == (case.label == "ill") for case in cases]
        return tuple(CaseScore(c.image.name, c.patient, float(value)) for c, value in zip(cases, right, strict=True))

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look | None:
        return Look(0.0, np.array([volume.array.mean(), 1.0], np.float32))

    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> Request:
        raise NotImplementedError

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        raise NotImplementedError


def use_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the kind to those that there are."""
    known = MappingProxyType({**kinds.all_kinds(), "plain": PlainKind()})
    monkeypatch.setattr(kinds, "all_kinds", lambda: known)


def write_site(folder: Path, offset: int, cases: int = 32, seed: int = 0) -> Path:
    """Dark tissue of 60 and bright tissue of 140, and a scanner that adds its offset to both.

    The ill have 60 % bright tissue, a mean of 108; the healthy 40 %, a mean of 92. Half the images are of each.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    listed = []
    for n in range(cases):
        ill = n % 2 == 0
        bright = rng.permutation(200) < (120 if ill else 80)
        path = folder / f"{n:02d}.png"
        Image.fromarray(np.where(bright, 140 + offset, 60 + offset).astype(np.uint8).reshape(10, 20)).save(path)
        listed.append(Case(path, None, f"p{n}", "ill" if ill else "well"))
    write_cases(folder, listed)
    return folder

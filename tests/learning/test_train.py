"""The training loop, on a task small enough to know the answer: a line through three points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lesionlab.errors import ConflictError, InternalError
from lesionlab.kinds.kind import Json
from lesionlab.kinds.recipe import Recipe
from lesionlab.learning.train import average, fit, learning_rate
from lesionlab.networks.weights import save_tensors
from lesionlab.progress import Progress, silent


class LineRecipe(Recipe[Tensor]):
    """Learn y = 3 x + 1."""

    def __init__(self, epochs: int = 4, fail_after: int | None = None) -> None:
        torch.manual_seed(3)
        self.network = nn.Linear(1, 1)
        self.epochs, self.steps, self.learning_rate = epochs, 60, 0.05
        self._calls, self._fail_after = 0, fail_after

    def draw(self, rng: np.random.Generator) -> Tensor:
        return torch.from_numpy(rng.standard_normal((16, 1)).astype(np.float32))

    def move(self, batch: Tensor, device: torch.device) -> Tensor:
        return batch.to(device)

    def loss(self, batch: Tensor) -> Tensor:
        self._calls += 1
        if self._fail_after is not None and self._calls > self._fail_after:
            raise KeyboardInterrupt
        return ((self.network(batch) - (3 * batch + 1)) ** 2).mean()

    def validate(self, network: nn.Module) -> float:
        with torch.no_grad():
            return -float(((network(torch.ones(1, 1)) - 4) ** 2).item())

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        save_tensors(out / "model.safetensors", dict(network.state_dict()), {})


def weights(out: Path) -> bytes:
    return (out / "model.safetensors").read_bytes()


def test_training_finds_the_line_and_saves_the_best_epoch(tmp_path: Path) -> None:
    scores = fit(LineRecipe(), tmp_path, 0, silent)
    assert scores["best"] > -0.01
    assert len(scores["history"]) == 4
    assert scores["best"] == max(score for _, score in scores["history"])
    assert (tmp_path / "model.safetensors").is_file()


class LevelRecipe(LineRecipe):
    """Every epoch is as good as the others, though the first was added up in another order, and saves its number."""

    _saved = 0

    def validate(self, network: nn.Module) -> float:
        return 0.3 if self._saved else 0.1 + 0.2

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        self._saved += 1
        (out / "model.safetensors").write_text(str(scores["epoch"]), encoding="utf-8")


def test_of_equally_good_epochs_the_last_is_saved_and_said_to_be(tmp_path: Path) -> None:
    assert fit(LevelRecipe(), tmp_path, 0, silent)["epoch"] == 4
    assert (tmp_path / "model.safetensors").read_text(encoding="utf-8") == "4"


def test_the_same_seed_gives_the_same_weights_and_another_seed_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fit(LineRecipe(), tmp_path / name, seed, silent)
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path) -> None:
    fit(LineRecipe(), tmp_path / "whole", 5, silent)
    with pytest.raises(KeyboardInterrupt):
        fit(LineRecipe(fail_after=150), tmp_path / "cut", 5, silent)
    resumed: list[Progress] = []
    scores = fit(LineRecipe(), tmp_path / "cut", 5, resumed.append)
    assert resumed[0].done == 121
    assert len(scores["history"]) == 4
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_a_folder_that_holds_another_run_is_refused(tmp_path: Path) -> None:
    fit(LineRecipe(epochs=1), tmp_path, 0, silent)
    with pytest.raises(ConflictError, match="another run"):
        fit(LineRecipe(epochs=1), tmp_path, 1, silent)


class OverflowingRecipe(LineRecipe):
    """Whose loss is no number at every ``nth`` batch."""

    def __init__(self, nth: int) -> None:
        super().__init__()
        self._nth = nth

    def loss(self, batch: Tensor) -> Tensor:
        loss = super().loss(batch)
        return loss * float("nan") if self._calls % self._nth == 0 else loss


def test_a_batch_whose_gradient_is_no_number_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    seen: list[Progress] = []
    scores = fit(OverflowingRecipe(nth=7), tmp_path, 0, seen.append)
    assert scores["best"] > -0.01
    assert all(np.isfinite(loss) for loss, _ in scores["history"])
    assert len(seen) == 4 * 60


def test_training_that_diverges_for_good_is_said(tmp_path: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(InternalError, match="training diverges; got 20 steps"):
        fit(OverflowingRecipe(nth=1), tmp_path, 0, seen.append)
    assert len(seen) == 19


def test_progress_counts_every_step_once(tmp_path: Path) -> None:
    seen: list[Progress] = []
    fit(LineRecipe(epochs=2), tmp_path, 0, seen.append)
    assert [p.done for p in seen] == list(range(1, 121))
    assert {p.total for p in seen} == {120}


def test_the_learning_rate_rises_then_falls() -> None:
    assert learning_rate(0.025) == pytest.approx(0.5)
    assert learning_rate(0.05) == pytest.approx(1.0)
    assert learning_rate(0.525) == pytest.approx(0.505)
    assert learning_rate(1.0) == pytest.approx(0.01)


def test_averaging_moves_a_tenth_of_the_way_at_the_first_step() -> None:
    mean, value = nn.Linear(1, 1), nn.Linear(1, 1)
    with torch.no_grad():
        for parameter in mean.parameters():
            parameter.zero_()
        for parameter in value.parameters():
            parameter.fill_(1.0)
    average(mean, value, 0)
    assert mean.weight.item() == pytest.approx(0.9)

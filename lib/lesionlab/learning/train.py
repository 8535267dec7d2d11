"""The training loop of every kind, to be read from top to bottom."""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from lesionlab.errors import InternalError
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Json, TrainOptions
from lesionlab.kinds.recipe import Recipe
from lesionlab.learning.checkpoint import Checkpoint
from lesionlab.learning.team import Team
from lesionlab.progress import Progress, Report
from lesionlab.task import Task

_log = logging.getLogger(__name__)
_AVERAGING = 0.998
#: Scores that differ by less are equal.
_ALIKE = 1e-9
#: Steps without a finite gradient, one after the other, that mean more than chance.
_LOST = 20


@dataclass(frozen=True)
class TrainProgress(Progress):
    """Progress of training.

    Attributes:
        epoch: the one that runs, from 1.
        epochs: how many there are.
        loss: of the last batch, or None before the first.
        score: of the last validation, or None before the first.
    """

    epoch: int
    epochs: int
    loss: float | None
    score: float | None


def train(task: Task, data: Path, out: Path, options: TrainOptions, report: Report) -> Json:
    """Train a task on the datastore ``data`` into ``out``; see :func:`fit`. ``out`` can then be given as a model's folder."""
    team = Team.join(options.device)
    return fit(kind_of(task).recipe(task, data, options), out, options.seed, report, drawers(), team)


def drawers() -> int:
    """One process that draws batches ahead, where processes are forked; a server's threads must not be."""
    alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    return 1 if alone and sys.platform == "linux" and (os.cpu_count() or 1) > 1 else 0


def fit(recipe: Recipe[Any], out: Path, seed: int, report: Report, workers: int = 0, team: Team | None = None) -> Json:
    """Train until the last epoch; resumes from ``out/checkpoint.safetensors`` when a run with the same seed left one.

    Every batch has a random stream of its own, so that neither an interruption nor ``workers`` (processes that draw batches
    ahead) change the result. After each epoch the averaged network is validated and the best so far is saved by ``recipe.save``; of
    equally good ones the last, which has learnt for longest.

    Returns:
        ``{"best": score, "epoch": of the best, "history": [[loss, score], ...]}``; also written to ``out/scores.json``.

    Raises:
        ConflictError: ``out`` holds a run with another seed or length.
        InternalError: training diverges.
    """
    team = team or Team.join("cpu")
    out.mkdir(parents=True, exist_ok=True)
    network = recipe.network.to(team.device)
    averaged = copy.deepcopy(network)
    descent = _Descent(recipe, network, averaged, team.device)
    identity = {"seed": str(seed), "epochs": str(recipe.epochs), "steps": str(recipe.steps)}
    checkpoint = Checkpoint(out / "checkpoint.safetensors", network, averaged, descent.optimizer, identity)
    history = checkpoint.resume()
    recipe.network = team.share(network)
    for epoch in range(len(history), recipe.epochs):
        recipe.before_epoch(epoch, averaged, np.random.default_rng([seed, epoch, 0, 0]))
        network.train()
        losses: list[float] = []
        first = epoch * recipe.steps
        for done, batch in enumerate(_batches(recipe, seed, range(first, first + recipe.steps), workers, team), first):
            loss = descent.step(batch, done)
            losses += [] if loss is None else [loss]
            if team.leads:
                report(_progress(recipe, done + 1, epoch, losses, history))
        # Every process validates the same network on the same cases, and so they agree without a word.
        score = recipe.validate(averaged)
        history.append((float(np.mean(losses)) if losses else 0.0, score))
        _log.info("epoch %d: loss %.4f, validation %.4f", epoch + 1, *history[-1])
        if team.leads:
            if _best(history) == epoch:
                recipe.save(averaged, out, _scores(history))
            checkpoint.save(history)
        team.wait()
    scores = _scores(history)
    if team.leads:
        (out / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    recipe.network = network
    return scores


class _Descent:
    """Moves a network, and its average behind it, down the loss of one batch after the other."""

    def __init__(self, recipe: Recipe[Any], network: nn.Module, averaged: nn.Module, device: torch.device) -> None:
        self.optimizer = recipe.optimizer(network)
        self._recipe, self._network, self._averaged, self._device = recipe, network, averaged, device
        self._rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self._lost = 0

    def step(self, batch: Any, done: int) -> float | None:
        """The loss, or None when its gradient is not finite and nothing is moved; ``done`` batches came before.

        Raises:
            InternalError: too many batches in a row had no finite gradient.
        """
        self._set_rates(done / (self._recipe.epochs * self._recipe.steps))
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"):
            loss = self._recipe.loss(self._recipe.move(batch, self._device))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), self._recipe.clip_norm)
        # In bfloat16 a gradient overflows now and then; one such step would spoil the network for good.
        if not bool(torch.isfinite(norm)):
            self._lost += 1
            if self._lost >= _LOST:
                raise InternalError("training diverges", got=f"{self._lost} steps without a finite gradient")
            return None
        self._lost = 0
        self.optimizer.step()
        average(self._averaged, self._network, done)
        return float(loss.item())

    def _set_rates(self, share: float) -> None:
        """The rates after a ``share`` of the run."""
        factor = learning_rate(share) if self._recipe.schedule == "cosine" else 1.0
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = factor * rate


def _progress(
    recipe: Recipe[Any], done: int, epoch: int, losses: list[float], history: list[tuple[float, float]]
) -> TrainProgress:
    loss = losses[-1] if losses else None
    score = history[-1][1] if history else None
    words = [f"epoch {epoch + 1}"]
    words += [] if loss is None else [f"loss {loss:.3f}"]
    words += [] if score is None else [f"validation {score:.3f}"]
    text = ", ".join(words)
    return TrainProgress(done, recipe.epochs * recipe.steps, text, epoch + 1, recipe.epochs, loss, score)


class _Draws(Dataset[Any]):
    def __init__(self, recipe: Recipe[Any], seed: int, steps: range, team: Team) -> None:
        self._recipe, self._seed, self._steps, self._team = recipe, seed, steps, team

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> Any:
        return self._recipe.draw(np.random.default_rng(self._team.seed(self._seed, self._steps[index])))


def _batches(recipe: Recipe[Any], seed: int, steps: range, workers: int, team: Team) -> DataLoader[Any]:
    return DataLoader(_Draws(recipe, seed, steps, team), batch_size=None, num_workers=workers)


def learning_rate(share: float) -> float:
    """Factor of the highest rate after a ``share`` of the run: up in the first twentieth, then down along a cosine."""
    if share < 0.05:
        return max(share / 0.05, 0.02)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (share - 0.05) / 0.95))


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, done: int) -> None:
    """Move the averaged parameters towards the network's (exponential moving average, faster at the start)."""
    keep = min(_AVERAGING, (1 + done) / (10 + done))
    for mean, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def _best(history: list[tuple[float, float]]) -> int:
    """The best epoch, from 0; of equally good ones the last."""
    highest = max(score for _, score in history)
    # The same cases found, added up in another order, differ in the last digit.
    return max(i for i, (_, score) in enumerate(history) if score >= highest - _ALIKE)


def _scores(history: list[tuple[float, float]]) -> Json:
    best = _best(history)
    return {"best": history[best][1], "epoch": best + 1, "history": [list(row) for row in history]}

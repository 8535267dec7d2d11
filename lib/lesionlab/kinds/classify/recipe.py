"""How a ``classify`` task trains: every member of the ensemble on a batch of its own patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lesionlab.kinds.classify.augment import Warp, draw_warp, mixed, resample, shade
from lesionlab.kinds.classify.bags import edges_of, instances
from lesionlab.kinds.classify.callipers import measured
from lesionlab.kinds.classify.forms import planar
from lesionlab.kinds.classify.network import answer_cases, build_ensemble, forward
from lesionlab.kinds.classify.rates import parameter_groups
from lesionlab.kinds.classify.reading import Reading, fit_reading
from lesionlab.kinds.classify.samples import StoredCase, as_tensor
from lesionlab.kinds.classify.scoring import separation
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.classify.weights import ClassifyWeights, write_weights
from lesionlab.kinds.kind import Json
from lesionlab.kinds.recipe import Recipe
from lesionlab.networks.classifier import Answer, Classifier, Ensemble
from lesionlab.networks.outlines import outline_loss, own_evidence, pointing_loss

_AT_ONCE = 16


@dataclass(frozen=True)
class Batch:
    """For M members: ``inputs`` (M, N, K, C, *edges); ``wanted`` (M, N, classes), rows sum to 1; ``weights`` (classes,);
    ``outlines`` (M, N * K, 1, *edges), below zero where it is not known.
    """

    inputs: Tensor
    wanted: Tensor
    weights: Tensor
    outlines: Tensor | None


class ClassifyRecipe(Recipe[Batch]):
    """See :class:`Recipe`.

    Args:
        task: form, network and training settings.
        members: for each member the cases that it is trained on.
        held_out: cases that at least one member has not seen, and which members those are.
        start: weights to go on from; pre-trained or random ones when None.
    """

    def __init__(
        self,
        task: ClassifyTask,
        members: Sequence[Sequence[StoredCase]],
        held_out: Sequence[tuple[StoredCase, tuple[int, ...]]],
        start: ClassifyWeights | None = None,
        seed: int = 0,
    ) -> None:
        self.task = task
        settings = task.training
        rng = np.random.default_rng(seed)
        classes = range(len(task.classes))
        self.members = [balanced(cases, len(task.classes), settings.balance, rng) for cases in members]
        self._by_class = [[[c for c in cases if c.truth == n] for n in classes] for cases in self.members]
        self.held_out = held_out
        self._weights = class_weights(self.members[0], len(task.classes), settings.balance)
        self.network: nn.Module = _started(task, len(members), start)
        self.epochs = settings.epochs
        self.steps = settings.steps or max(1, math.ceil(max(map(len, self.members)) / settings.batch))
        self.learning_rate = settings.learning_rate
        self.clip_norm = settings.clip_norm
        self.schedule = settings.schedule
        self._reading = Reading()

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Discriminative rates: highest for the head, lower towards the input."""
        settings = self.task.training
        groups = parameter_groups(network, settings)
        make = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
        return make(groups, lr=settings.learning_rate)

    def draw(self, rng: np.random.Generator) -> Batch:
        """A batch for each member, turned and shaded anew."""
        rows = [self._batch(number, rng) for number in range(len(self.members))]
        inputs, wanted = (torch.stack([row[n] for row in rows]) for n in (0, 1))
        outlines = torch.stack([row[2] for row in rows]) if self.task.training.marked else None
        return Batch(inputs, wanted, self._weights, outlines)

    def move(self, batch: Batch, device: torch.device) -> Batch:
        """The batch on a device."""
        outlines = None if batch.outlines is None else batch.outlines.to(device)
        return Batch(batch.inputs.to(device), batch.wanted.to(device), batch.weights.to(device), outlines)

    def loss(self, batch: Batch) -> Tensor:
        """Cross-entropy, and what the outlines teach besides; the mean over the members."""
        answers = forward(self.network, batch.inputs)
        losses = []
        for number, answer in enumerate(answers):
            assert isinstance(answer, Answer)
            outline = None if batch.outlines is None else batch.outlines[number]
            losses.append(self._loss(answer, batch.wanted[number], batch.weights, outline))
        return torch.stack(losses).mean()

    def validate(self, network: nn.Module) -> float:
        """The area under the ROC curve on cases unseen by who answers, the mean over the classes where there are more than two."""
        network.eval()
        assert isinstance(network, Ensemble)
        logits, truth = self.held_out_logits(network)
        self._reading = fit_reading(logits, truth, self.task.target, self.task.decision)
        return separation(self._reading.probabilities(logits), truth) if len(truth) else 0.0

    def save(self, network: nn.Module, out: Path, scores: Json) -> None:
        """Write ``model.safetensors`` with the reading learnt on held-out cases."""
        assert isinstance(network, Ensemble)
        facts = {"task": self.task.name, "score": f"{scores['best']:.4f}", "epoch": str(scores["epoch"])}
        write_weights(out / "model.safetensors", self.task, list(network.members), self._reading, facts)

    def held_out_logits(self, network: Ensemble) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """For each held-out case the mean logits (n, classes) of the members that have not seen it, and its class."""
        totals = np.zeros((len(self.held_out), len(self.task.classes)))
        for number, member in enumerate(network.members):
            assert isinstance(member, Classifier)
            asked = [n for n, (_, unseen) in enumerate(self.held_out) if number in unseen]
            for start in range(0, len(asked), _AT_ONCE):
                part = asked[start : start + _AT_ONCE]
                for n, row in zip(part, self._answers(member, [self.held_out[n][0] for n in part]), strict=True):
                    totals[n] += row
        counts = np.array([len(unseen) for _, unseen in self.held_out], dtype=np.float64)
        truth = np.array([case.truth for case, _ in self.held_out], dtype=np.int64)
        return totals / counts[:, None], truth

    def _answers(self, member: Classifier, cases: Sequence[StoredCase]) -> NDArray[np.float64]:
        """Logits (n, classes)."""
        device = next(member.parameters()).device
        groups = [cases] if len({case.values.shape for case in cases}) == 1 else [[case] for case in cases]
        rows = []
        for group in groups:
            chosen = [instances(self.task, len(case.values)) for case in group]
            x = _cut(self.task, group, chosen, [Warp()] * len(group))
            rows.append(answer_cases(self.task, member, x.to(device)).logits.cpu())
        return np.asarray(torch.cat(rows).numpy(), dtype=np.float64)

    def _batch(self, number: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        settings = self.task.training
        drawn = [self._one(number, rng).drawn(self.task, rng) for _ in range(settings.batch)]
        cases = [measured(self.task, case, rng) for case in drawn]
        warps = [draw_warp(self.task, case.sized, case.magnification, rng) for case in cases]
        chosen = [instances(self.task, len(case.values), rng) for case in cases]
        x = _cut(self.task, cases, chosen, warps)
        x = shade(x, settings.augmentation, rng)
        wanted = functional.one_hot(torch.tensor([case.truth for case in cases]), len(self.task.classes)).float()
        wanted = wanted * (1 - settings.smoothing) + settings.smoothing / len(self.task.classes)
        weight, partners = mixed(settings.augmentation, len(cases), rng)
        if weight < 1:
            order = torch.from_numpy(partners)
            x = weight * x + (1 - weight) * x[order]
            wanted = weight * wanted + (1 - weight) * wanted[order]
        return x, wanted, _outlines(self.task, cases, chosen, warps) if settings.marked else torch.empty(0)

    def _one(self, number: int, rng: np.random.Generator) -> StoredCase:
        cases = self.members[number]
        if self.task.training.balance == "oversample":
            filled = [some for some in self._by_class[number] if some]
            cases = filled[int(rng.integers(len(filled)))]
        return cases[int(rng.integers(len(cases)))]

    def _loss(self, answer: Answer, wanted: Tensor, weights: Tensor, outline: Tensor | None) -> Tensor:
        weighed = wanted * weights
        loss = -(weighed * answer.logits.log_softmax(dim=1)).sum() / weighed.sum()
        if outline is None:
            return loss
        if answer.outline is not None:
            loss = loss + self.task.training.outline * outline_loss(answer.outline, outline)
        if answer.evidence is not None:
            loss = loss + self.task.training.pointing * pointing_loss(own_evidence(answer.evidence, wanted), outline)
        return loss


def balanced(cases: Sequence[StoredCase], classes: int, balance: str, rng: np.random.Generator) -> list[StoredCase]:
    """The cases, or as many of each class as the rarest has, chosen once."""
    if balance != "downsample":
        return list(cases)
    groups = [[case for case in cases if case.truth == n] for n in range(classes)]
    fewest = min((len(group) for group in groups if group), default=0)
    return [group[n] for group in groups for n in sorted(rng.permutation(len(group))[:fewest].tolist())]


def class_weights(cases: Sequence[StoredCase], classes: int, balance: str) -> Tensor:
    """The weight of each class in the loss: all classes the same in sum, 1 on average over the cases."""
    counts = np.bincount([case.truth for case in cases], minlength=classes).astype(np.float64)
    if balance != "weights":
        return torch.ones(classes)
    present = counts > 0
    weights = np.where(present, len(cases) / (np.maximum(counts, 1) * max(present.sum(), 1)), 0.0)
    return torch.from_numpy(weights).float()


def _started(task: ClassifyTask, members: int, start: ClassifyWeights | None) -> Ensemble:
    ensemble = build_ensemble(task, members, pretrained=start is None)
    if start is not None:
        for number, member in enumerate(ensemble.members):
            member.load_state_dict(start.members[number % len(start.members)].state_dict(), strict=False)
    return ensemble


def _cut(
    task: ClassifyTask, cases: Sequence[StoredCase], chosen: Sequence[NDArray[np.int64]], warps: Sequence[Warp]
) -> Tensor:
    """Cases (N, K, C, *edges) of the planes that make their instances, looked at through warps."""
    k, channels = chosen[0].shape
    if planar(task.input):
        stored = torch.stack([as_tensor(c.values[rows.reshape(-1)]) for c, rows in zip(cases, chosen, strict=True)])
    else:
        stored = torch.stack([as_tensor(case.values) for case in cases])
    return resample(stored, list(warps), task).reshape(len(cases), k, channels, *edges_of(task))


def _outlines(
    task: ClassifyTask, cases: Sequence[StoredCase], chosen: Sequence[NDArray[np.int64]], warps: Sequence[Warp]
) -> Tensor:
    """(N * K, 1, *edges), what each instance shows in its middle channel; -1 where nobody drew an outline."""
    outlines = [np.zeros(case.values.shape, dtype=np.uint8) if case.outline is None else case.outline for case in cases]
    middles = [rows[:, rows.shape[1] // 2] for rows in chosen]
    stored = torch.stack([as_tensor(outline[rows]) for outline, rows in zip(outlines, middles, strict=True)])
    drawn = resample(stored, list(warps), task)
    known = torch.tensor([case.outline is not None for case in cases]).reshape(-1, *(1,) * (drawn.ndim - 1))
    return torch.where(known, drawn, torch.full_like(drawn, -1.0)).flatten(0, 1)[:, None]

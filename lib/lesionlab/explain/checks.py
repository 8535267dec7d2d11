"""Whether a map can be believed: it must follow the network, the answer must follow it, and it should meet the reader's eye."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from lesionlab.explain.adversarial import total
from lesionlab.explain.subject import Subject, apart

_STEPS = 16


@dataclass(frozen=True)
class Curves:
    """The number while samples are taken away in the order of the map, and while they are brought back.

    Attributes:
        deletion: from the whole input to the baseline, as shares of the way (1 at first, 0 at last).
        insertion: from the baseline to the whole input (0 at first, 1 at last).
    """

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    @property
    def deletion_area(self) -> float:
        """Small for a map that names what counts: the number falls at once."""
        return float(np.trapezoid(self.deletion, dx=1 / (len(self.deletion) - 1)))

    @property
    def insertion_area(self) -> float:
        """Large for a map that names what counts: the number is soon restored."""
        return float(np.trapezoid(self.insertion, dx=1 / (len(self.insertion) - 1)))


@dataclass(frozen=True)
class Agreement:
    """A map beside the marks of a reader.

    Attributes:
        hit: whether its maximum lies in the marks (the pointing game, Zhang et al. 2018).
        share: of the sum of the map, what lies in the marks.
        expected: of the area of the map, what lies in the marks: the share of a map that knows nothing.
        dice: of the marks and as many of the hottest samples.
    """

    hit: bool
    share: float
    expected: float
    dice: float


def randomised(subject: Subject, rng: np.random.Generator) -> Subject:
    """The subject with every weight of its network in another place of the same tensor, so that nothing learned is left.

    How much each view counts has been learned too, and changes places: else two maps would be alike in which views are bright.
    """
    network = apart(subject.network)
    for module in network.modules():
        for name, values in list(module.named_parameters(recurse=False)):
            order = torch.from_numpy(rng.permutation(values.numel()))
            shuffled = values.flatten()[order].reshape(values.shape)
            module.register_parameter(name, nn.Parameter(shuffled, requires_grad=False))
    weights = subject.weights
    if weights is not None:
        (own,) = rng.spawn(1)  # so that later shuffles do not depend on how many views there are
        weights = weights[torch.from_numpy(own.permutation(len(weights)))]
    return replace(subject, network=network, weights=weights)


def randomisation(subject: Subject, method: Callable[[Subject], Tensor], rng: np.random.Generator) -> float:
    """The rank correlation of a map with the same of the network with random weights (Adebayo et al. 2018); 0 is good."""
    return rank_correlation(method(subject).numpy(), method(randomised(subject, rng)).numpy())


def rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Spearman's, in [-1, 1]; 0 where one of the maps is flat, as nothing is then alike."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a.ravel(), b.ravel()).statistic)


def curves(subject: Subject, heat: Tensor, steps: int = _STEPS) -> Curves:
    """Deletion and insertion (Petsiuk et al. 2018) against the first baseline.

    Args:
        subject: what is explained.
        heat: (N, *edges).
        steps: equal shares of the samples that are exchanged one after another.
    """
    baseline = subject.baselines[0].expand_as(subject.inputs)
    flat = heat.flatten()
    rank = torch.empty(len(flat), dtype=torch.long)
    rank[flat.argsort(descending=True, stable=True)] = torch.arange(len(flat))
    rank = rank.reshape(heat.shape).unsqueeze(1)
    whole, empty = total(subject, subject.inputs), total(subject, baseline)
    way = whole - empty
    deletion, insertion = [], []
    for step in range(steps + 1):
        hottest = rank < round(len(flat) * step / steps)
        deletion.append(total(subject, torch.where(hottest, baseline, subject.inputs)))
        insertion.append(total(subject, torch.where(hottest, subject.inputs, baseline)))
    scale = way if abs(way) > 1e-9 else 1.0
    return Curves(
        tuple((number - empty) / scale for number in deletion), tuple((number - empty) / scale for number in insertion)
    )


def completeness(subject: Subject, contributions: Tensor) -> float:
    """How far contributions are from summing to the number less the baselines' mean number, as a share of it."""
    numbers = [total(subject, baseline.expand_as(subject.inputs)) for baseline in subject.baselines]
    wanted = total(subject, subject.inputs) - float(np.mean(numbers))
    return abs(float(contributions.double().sum()) - wanted) / max(abs(wanted), 1e-9)


def agreement(heat: NDArray[np.float32], marks: NDArray[np.bool_]) -> Agreement:
    """A map beside a reader's marks on the same samples; what speaks against the finding (below 0) counts as nothing."""
    warm = np.maximum(heat, 0)
    sum_, count = float(warm.sum()), int(marks.sum())
    hottest = np.argpartition(warm, warm.size - max(count, 1), axis=None)[warm.size - max(count, 1) :]
    met = int((marks.ravel()[hottest] & (warm.ravel()[hottest] > 0)).sum())
    return Agreement(
        hit=bool(sum_ and marks.ravel()[int(warm.argmax())]),
        share=float(warm[marks].sum()) / sum_ if sum_ else 0.0,
        expected=count / marks.size,
        dice=met / count if count else 0.0,
    )

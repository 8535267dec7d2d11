"""How little of a change turns the answer: projected gradient descent (Madry et al. 2018) in a ball of the largest change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lesionlab.explain.subject import Subject
from lesionlab.progress import Progress, Report, silent

#: Views that are looked at together.
BATCH = 8
_STEPS = 12


@dataclass(frozen=True, eq=False)
class Flip:
    """The smallest change that was found to turn the answer.

    Attributes:
        change: (N, C, *edges), to be added to the inputs.
        largest: the largest change of any value, in the inputs' unit; the radius of the ball.
        before: the number of the inputs.
        after: the number of the changed inputs.
        flipped: whether the numbers lie on either side of the subject's threshold. If not, ``change`` is the best that was
            found within the largest ball that was tried.
    """

    change: Tensor
    largest: float
    before: float
    after: float
    flipped: bool


def pgd(subject: Subject, radius: float, steps: int = _STEPS) -> Tensor:
    """A change (N, C, *edges) that pushes the number towards its threshold and past it.

    No value changes by more than ``radius``, and none leaves the range of the inputs.
    """
    return _pushed(subject.apart(), radius, steps, _side(subject))


def smallest_flip(
    subject: Subject, largest: float, rounds: int = 7, steps: int = _STEPS, report: Report = silent
) -> Flip:
    """Halve the ball as long as a change in it turns the answer, within ``rounds`` of bisection from ``largest``."""
    own, side = subject.apart(), _side(subject)
    before = total(subject, subject.inputs)
    low, high, best = 0.0, largest, _pushed(own, largest, steps, side)
    after = total(own, subject.inputs + best)
    flipped = side * (after - subject.threshold) < 0
    if not flipped:
        return Flip(best, largest, before, after, False)
    for number_of_round in range(rounds):
        report(Progress(number_of_round, rounds, "looking for a smaller change"))
        radius = (low + high) / 2
        change = _pushed(own, radius, steps, side)
        number = total(own, subject.inputs + change)
        if side * (number - subject.threshold) < 0:
            high, best, after = radius, change, number
        else:
            low = radius
    return Flip(best, high, before, after, True)


@torch.no_grad()
def total(subject: Subject, inputs: Tensor) -> float:
    """The number of all views together."""
    weights = subject.view_weights
    parts = [slice(start, start + BATCH) for start in range(0, len(inputs), BATCH)]
    return float(sum((subject.numbers(inputs[part]) * weights[part]).sum() for part in parts))


def _side(subject: Subject) -> float:
    """1 for a number above its threshold, -1 below."""
    return 1.0 if total(subject, subject.inputs) >= subject.threshold else -1.0


def _pushed(subject: Subject, radius: float, steps: int, side: float) -> Tensor:
    """Signs of the gradient, in steps that could cross the ball two and a half times."""
    step = 2.5 * radius / steps
    changed = subject.inputs.clone()
    for start in range(0, len(changed), BATCH):
        part = slice(start, start + BATCH)
        inputs, weights = subject.inputs[part], subject.view_weights[part]
        low, high = (inputs - radius).clamp_min(subject.low), (inputs + radius).clamp_max(subject.high)
        # A value that already lies beyond the range may stay where it is.
        low, high = torch.minimum(low, inputs), torch.maximum(high, inputs)
        for _ in range(steps):
            at = changed[part].clone().requires_grad_()
            with torch.enable_grad():
                (slope,) = torch.autograd.grad((subject.numbers(at) * weights).sum(), at)
            changed[part] = (at.detach() - side * step * slope.sign()).clamp(low, high)
    return changed - subject.inputs

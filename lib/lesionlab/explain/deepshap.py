"""Deep SHAP: how much each sample of the input adds to a number, against inputs that show nothing.

DeepLIFT's multipliers (Shrikumar et al. 2017), averaged over baselines (Lundberg and Lee 2017). The contributions of an
input sum to its number less the mean number of the baselines.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lesionlab.explain.multipliers import Multipliers
from lesionlab.explain.subject import Subject

#: Views that are looked at together, each beside a baseline.
BATCH = 4


def deepshap(subject: Subject) -> Tensor:
    """The contribution of each value of the inputs, (N, C, *edges), in the unit of the number; views by their weights."""
    own = subject.apart()
    weights = subject.view_weights.tolist()
    found = torch.zeros_like(subject.inputs)
    for baseline in subject.baselines:
        for start in range(0, len(subject.inputs), BATCH):
            part = slice(start, start + BATCH)
            inputs = subject.inputs[part]
            without = baseline[part] if baseline.ndim == inputs.ndim else baseline.expand_as(inputs)
            found[part] += _contributions(own, inputs, without, torch.tensor(weights[part]))
    return found / len(subject.baselines)


def _contributions(subject: Subject, inputs: Tensor, baseline: Tensor, weights: Tensor) -> Tensor:
    with torch.enable_grad(), Multipliers():
        both = torch.cat([inputs, baseline]).requires_grad_()
        number = (subject.numbers(both)[: len(inputs)] * weights).sum()
    (multipliers,) = torch.autograd.grad(number, both)
    return (inputs - baseline) * multipliers[: len(inputs)]

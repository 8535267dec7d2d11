"""How much speaks for one class rather than for the others."""

from __future__ import annotations

import torch
from torch import Tensor


def log_odds(logits: Tensor, chosen: Tensor) -> Tensor:
    """Of a class against the mean of the others; with two classes exactly its log odds.

    Args:
        logits: (N, classes, ...).
        chosen: (N,), the class of each.

    Returns:
        (N, ...).
    """
    own = logits[torch.arange(len(logits), device=logits.device), chosen]
    return own - (logits.sum(dim=1) - own) / (logits.shape[1] - 1)

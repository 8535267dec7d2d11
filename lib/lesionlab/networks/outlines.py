"""What outlines teach a classifier besides: a lesion's shape, and where the evidence for its class lies."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from lesionlab.networks.odds import log_odds

_WIDTH = 32


class OutlineHead(nn.Module):
    """Adds up all stages of a plane on the second's cells (a feature pyramid in one step; Lin et al. 2017), and draws.

    The coarse stages, which decide the class, must know the outline too, or the second task teaches only the fine ones.

    Args:
        widths: channels of the stages, fine to coarse.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width, _WIDTH, 1) for width in widths[1:])
        self.draw = nn.Sequential(
            nn.ReLU(), nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU(), nn.Conv2d(_WIDTH, 1, 1)
        )

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """Stages (N, width, h, w) -> logits (N, 1, h, w) on the cells of the second stage."""
        cells = stages[1].shape[2:]
        total: Tensor = self.lateral[0](stages[1])
        for lateral, stage in zip(self.lateral[1:], stages[2:], strict=True):
            total = total + functional.interpolate(lateral(stage), size=cells, mode="bilinear", align_corners=False)
        drawn: Tensor = self.draw(total)
        return drawn


def outline_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy plus 1 - Dice, the mean over the planes whose outline is known; 0 where none is.

    Args:
        logits: (N, 1, h, w).
        truth: (N, 1, H, W), shares of each sample that lie in the lesion; -1 for a plane without an outline.
    """
    truth = functional.adaptive_avg_pool2d(truth, (logits.shape[2], logits.shape[3]))
    known = truth.flatten(1).amin(dim=1) >= 0
    if not known.any():
        return logits.sum() * 0
    logits, truth = logits[known].float(), truth[known].clamp(0, 1)
    p = logits.sigmoid()
    shared = (2 * (p * truth).sum(dim=(1, 2, 3)) + 1) / ((p + truth).sum(dim=(1, 2, 3)) + 1)
    return functional.binary_cross_entropy_with_logits(logits, truth) + 1 - shared.mean()


def pointing_loss(evidence: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of where the evidence lies (its softmax over the cells) against where the lesion does; 0 where none is known.

    Only differences between cells count: how much speaks for the class altogether is left to the class scores.

    Args:
        evidence: (N, h, w), for each plane that of its own class.
        truth: (N, 1, H, W), shares of each sample that lie in the lesion; -1 for a plane without an outline.
    """
    cells = functional.adaptive_avg_pool2d(truth, (evidence.shape[1], evidence.shape[2])).flatten(1)
    known = (cells.amin(dim=1) >= 0) & (cells.amax(dim=1) > 0)
    if not known.any():
        return evidence.sum() * 0
    wanted = cells[known] / cells[known].sum(dim=1, keepdim=True)
    return -(wanted * evidence.flatten(1)[known].float().log_softmax(dim=1)).sum(dim=1).mean()


def own_evidence(evidence: Tensor, wanted: Tensor) -> Tensor:
    """(N * K, classes, h, w) of planes, ``wanted`` (N, classes) of their cases -> (N * K, h, w), of each one's likeliest class."""
    chosen = wanted.argmax(dim=1).repeat_interleave(len(evidence) // len(wanted))
    return log_odds(evidence, chosen)

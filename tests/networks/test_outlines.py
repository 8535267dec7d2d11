"""Drawing outlines besides classifying."""

from __future__ import annotations

import torch

from lesionlab.networks.outlines import OutlineHead, outline_loss


def test_an_outline_is_drawn_on_the_cells_of_the_second_stage() -> None:
    head = OutlineHead((4, 8, 16))
    stages = [torch.zeros(2, 4, 16, 24), torch.zeros(2, 8, 8, 12), torch.zeros(2, 16, 4, 6)]
    assert head(stages).shape == (2, 1, 8, 12)


def test_every_stage_but_the_first_learns_from_the_outline() -> None:
    head = OutlineHead((4, 8, 16))
    stages = [torch.randn(1, width, n, n, requires_grad=True) for width, n in ((4, 16), (8, 8), (16, 4))]
    head(stages).sum().backward()
    assert stages[0].grad is None
    assert all(stage.grad is not None and stage.grad.abs().sum() > 0 for stage in stages[1:])


def test_a_plane_without_an_outline_counts_for_nothing() -> None:
    logits = torch.randn(2, 1, 4, 4, requires_grad=True)
    truth = torch.stack([torch.full((1, 8, 8), -1.0), torch.ones(1, 8, 8)])
    loss = outline_loss(logits, truth)
    loss.backward()
    assert logits.grad is not None
    assert float(logits.grad[0].abs().sum()) == 0
    assert float(logits.grad[1].abs().sum()) > 0
    assert float(outline_loss(logits, torch.full((2, 1, 8, 8), -1.0))) == 0


def test_the_right_outline_costs_nothing_and_half_of_it_a_third_of_the_dice() -> None:
    truth = torch.zeros(1, 1, 20, 20)
    truth[..., :10] = 1
    sure = torch.where(truth > 0, 30.0, -30.0)
    assert float(outline_loss(sure, truth)) < 1e-6
    half = sure.clone()
    half[..., 5:10] = -30
    # Dice = (2 * 100 + 1) / (100 + 200 + 1); a quarter of the cells cost 30 each in cross-entropy.
    assert abs(float(outline_loss(half, truth)) - (0.25 * 30 + 1 - 201 / 301)) < 1e-3

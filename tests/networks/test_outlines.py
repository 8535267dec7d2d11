"""What outlines teach a classifier besides its classes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from lesionlab.networks.outlines import OutlineHead, outline_loss, own_evidence, pointing_loss
from lesionlab.networks.pooling import MeanPool


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


def corner(height: int = 8, width: int = 8) -> torch.Tensor:
    """A lesion in one cell of four by four."""
    truth = torch.zeros(1, 1, height, width)
    truth[..., :2, :2] = 1
    return truth


def test_evidence_that_lies_everywhere_alike_costs_the_logarithm_of_the_cells() -> None:
    for level in (-3.0, 0.0, 7.0):  # how much speaks for the class altogether is not asked
        assert float(pointing_loss(torch.full((1, 4, 4), level), corner())) == pytest.approx(math.log(16), abs=1e-5)


def test_evidence_in_the_lesion_costs_less_than_beside_it() -> None:
    inside, beside = torch.zeros(1, 4, 4), torch.zeros(1, 4, 4)
    inside[0, 0, 0], beside[0, 3, 3] = math.log(15), math.log(15)
    # Half of the evidence lies in its cell; beside it 1 of 30 does.
    assert float(pointing_loss(inside, corner())) == pytest.approx(math.log(2), abs=1e-5)
    assert float(pointing_loss(beside, corner())) == pytest.approx(math.log(30), abs=1e-5)


@pytest.mark.parametrize("truth", [torch.full((1, 1, 8, 8), -1.0), torch.zeros(1, 1, 8, 8)], ids=["unknown", "empty"])
def test_a_plane_without_a_lesion_points_nowhere(truth: torch.Tensor) -> None:
    evidence = torch.rand(1, 4, 4, requires_grad=True)
    pointing_loss(evidence, truth).backward()
    assert float(evidence.grad.abs().sum()) == 0
    both = pointing_loss(evidence.expand(2, 4, 4), torch.cat([truth, corner()]))
    assert float(both) == pytest.approx(float(pointing_loss(evidence, corner())))


def test_own_evidence_is_that_of_the_cases_class_against_the_mean_of_the_others() -> None:
    # Two cases of two planes of one cell, three classes; the second case is of the last class.
    evidence = torch.tensor([[1.0, 2, 6], [0, 4, 2], [3, 5, 9], [1, 1, 1]])[..., None, None]
    wanted = torch.tensor([[0.9, 0.05, 0.05], [0.0, 0.2, 0.8]])
    assert own_evidence(evidence, wanted)[:, 0, 0].tolist() == [1 - 4, 0 - 3, 9 - 4, 0]


def test_the_evidence_of_all_cells_is_the_instances_where_the_head_is_linear() -> None:
    torch.manual_seed(0)
    maps, head = torch.rand(2, 3, 5, 4, 6), nn.Linear(5, 2)
    pool = MeanPool()
    evidence = pool.evidence(maps, head)
    assert evidence.shape == (2, 3, 2, 4, 6)
    torch.testing.assert_close(evidence.mean(dim=(1, 3, 4)), pool(maps.mean(dim=(3, 4)), head).logits)

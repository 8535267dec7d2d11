"""The residual U-Net and its losses."""

from __future__ import annotations

import torch

from lesionlab.networks.unet import ResidualUNet, cross_entropy, depth_to_space, soft_dice_loss, space_to_depth


def test_depth_to_space_undoes_space_to_depth() -> None:
    x = torch.randn(2, 3, 8, 6, 4)
    assert torch.equal(depth_to_space(space_to_depth(x)), x)


def test_space_to_depth_keeps_each_cell_at_its_place() -> None:
    x = torch.arange(4 * 4 * 4, dtype=torch.float32).reshape(1, 1, 4, 4, 4)
    cell = space_to_depth(x)[0, :, 1, 0, 1]
    assert cell.tolist() == x[0, 0, 2:4, 0:2, 2:4].flatten().tolist()


def test_the_network_answers_on_the_grid_that_it_was_asked_on() -> None:
    network = ResidualUNet(4, (8, 16, 24), 1)
    assert network(torch.zeros(2, 4, 16, 16, 16)).shape == (2, 1, 16, 16, 16)


def test_soft_dice_loss_is_zero_for_a_perfect_answer_and_near_one_for_an_empty_one() -> None:
    target = torch.zeros(1, 1, 8, 8, 8)
    target[..., 2:6, 2:6, 2:6] = 1
    assert soft_dice_loss((target - 0.5) * 200, target).item() < 1e-3
    # Nothing found of 64 voxels: 1 - (0 + 1) / (64 + 1).
    assert abs(soft_dice_loss(torch.full_like(target, -100.0), target).item() - (1 - 1 / 65)) < 1e-4


def test_voxels_without_weight_do_not_count() -> None:
    target = torch.zeros(1, 1, 4, 4, 4)
    target[..., :2] = 1
    wrong = torch.full_like(target, -100.0)
    wrong[..., 0] = 100.0
    weight = torch.zeros_like(target)
    weight[..., 0] = 1
    assert soft_dice_loss(wrong, target, weight).item() < 1e-3
    assert cross_entropy(wrong, target, weight).item() < 1e-6

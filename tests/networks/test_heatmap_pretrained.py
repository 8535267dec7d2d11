"""The heat map over a body that has learned to see."""

from __future__ import annotations

import torch

from lesionlab.networks.efficientnet import EfficientNetLite0
from lesionlab.networks.heatmap import CELL
from lesionlab.networks.heatmap_pretrained import PretrainedHeatmapNet


def test_each_cell_gets_an_answer_and_at_first_expects_a_centre_in_one_of_a_hundred() -> None:
    network = PretrainedHeatmapNet().eval()
    with torch.no_grad():
        answer = network(torch.zeros(2, 1, 64, 96))
    assert answer.shape == (2, 2, 64 // CELL, 96 // CELL)
    assert 0.001 < float(torch.sigmoid(answer[:, 0]).mean()) < 0.1


def test_its_body_starts_from_imagenet() -> None:
    network = PretrainedHeatmapNet()
    network.load_imagenet()
    whole = EfficientNetLite0(1, 0)
    whole.load_imagenet()
    plane = torch.rand(1, 1, 64, 64) * 2 - 1
    with torch.no_grad():
        own = network.eval().body.stage_outputs(plane)
        expected = whole.eval().stage_outputs(plane)
    assert all(torch.equal(a, b) for a, b in zip(own, expected, strict=True))


def test_a_blob_moved_by_a_cell_of_the_coarsest_stage_moves_the_answer_as_far() -> None:
    torch.manual_seed(0)
    network = PretrainedHeatmapNet(width=16).eval()
    plane = torch.zeros(1, 1, 256, 256)
    plane[..., 100:110, 100:110] = 1
    moved = plane.roll((32, 32), (2, 3))
    with torch.no_grad():
        # The middle only: at the edges the padding counts.
        first, second = network(plane)[..., 40:60, 40:60], network(moved)[..., 56:76, 56:76]
    assert torch.allclose(first, second, atol=0.05)

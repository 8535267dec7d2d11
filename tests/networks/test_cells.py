"""Where the cells of a layer lie, against numbers worked out by hand and against what real networks look at."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lesionlab.explain.cells import Cells
from lesionlab.networks import efficientnet
from lesionlab.networks.bodies import Body, build_body
from lesionlab.networks.names import BodyName


def test_cells_that_share_an_edge_lie_in_the_middles_of_their_samples() -> None:
    assert Cells.even(3, 12) == Cells(1.5, 4.0)


def test_each_halving_moves_the_first_cell_by_the_samples_between_its_inputs() -> None:
    # The first output of each layer lies half way between its inputs 0 and 1: at 0.5, then 0.5 + 0.5 * 2, then + 0.5 * 4.
    assert Cells.halved([0.5, 0.5, 0.5]) == Cells(3.5, 8.0)


@pytest.mark.parametrize(
    ("stage", "edge", "first", "step"),
    [
        (5, 160, 15.5, 32),  # all of 160, 80, 40, 20 and 10 are even: (1 + 2 + 4 + 8 + 16) / 2
        (5, 176, -0.5, 32),  # 176, 88, 44 and 22 are even, 11 is odd: (1 + 2 + 4 + 8 - 16) / 2
        (0, 321, -0.5, 2),
    ],
)
def test_cells_of_efficientnet_lie_in_the_middle_of_even_edges_and_before_that_of_odd_ones(
    stage: int, edge: int, first: float, step: float
) -> None:
    assert efficientnet.cells(stage, edge) == Cells(first, step)


def test_between_cells_values_are_interpolated_and_beyond_them_they_go_on() -> None:
    spread = Cells(1.0, 2.0).spread(torch.tensor([[0.0, 4.0]]), 1, 5)
    torch.testing.assert_close(spread, torch.tensor([[0.0, 0.0, 2.0, 4.0, 4.0]]))


def test_a_single_cell_is_the_value_everywhere() -> None:
    torch.testing.assert_close(Cells.even(1, 3).spread(torch.tensor([7.0]), 0, 3), torch.tensor([7.0, 7.0, 7.0]))


@pytest.mark.parametrize("edge", [640, 600])
@pytest.mark.parametrize("stage", [3, 4])
def test_the_cells_of_a_trained_network_lie_where_it_looks(stage: int, edge: int) -> None:
    body = build_body("efficientnet_lite0", 1).eval()
    body.load_imagenet(None)
    rough = torch.randn(1, 1, edge // 8, edge // 8, generator=torch.Generator().manual_seed(0))
    picture = nn.functional.interpolate(rough, size=edge, mode="bilinear")

    # Where padding alone would put them, half a cell away, is farther off.
    assert _looks_at(body, picture, stage) == pytest.approx(0, abs=4.5)


@pytest.mark.parametrize(("name", "dimension", "edge"), [("vgg16", 2, 192), ("small3d", 3, 64)])
def test_a_cell_lies_in_the_middle_of_what_it_looks_at(name: BodyName, dimension: int, edge: int) -> None:
    body = _summing(build_body(name, 1).eval())
    assert _looks_at(body, torch.ones(1, 1, *[edge] * dimension), len(body.widths) - 2) == pytest.approx(0, abs=0.01)


def _looks_at(body: Body, picture: Tensor, stage: int) -> float:
    """How far beyond a middle cell the centre of mass of what moves it lies, in samples along the last axis."""
    inputs = picture.requires_grad_()
    maps = body.stages(inputs)[stage]
    middle = maps.shape[-1] // 2
    maps[(0, slice(None), *[middle] * (inputs.ndim - 2))].square().sum().backward()
    assert inputs.grad is not None
    cells = body.cells(stage, inputs.shape[-1])
    return _middle(inputs.grad[0, 0].abs()) - (cells.first + cells.step * middle)


def _summing(body: Body) -> Body:
    """Every convolution the mean of what it looks at, every norm left out, so that gradients are windows."""
    for parent in list(body.modules()):
        for name, module in parent.named_children():
            if isinstance(module, nn.GroupNorm):
                setattr(parent, name, nn.Identity())
            elif isinstance(module, nn.MaxPool2d):
                setattr(parent, name, nn.AvgPool2d(2))
            elif isinstance(module, nn.Conv2d | nn.Conv3d):
                nn.init.constant_(module.weight, 1 / module.weight[0].numel())
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return body


def _middle(weights: Tensor) -> float:
    """The centre of mass along the last axis."""
    along = weights.double().reshape(-1, weights.shape[-1]).sum(dim=0)
    return float((along * torch.arange(len(along))).sum() / along.sum())

"""Deep SHAP: contributions that sum to the whole."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lesionlab.explain.checks import completeness
from lesionlab.explain.deepshap import deepshap
from tests.explain.networks import TwoFilters, Weighted, noise, random_network, subject_of


def test_of_a_weighted_sum_each_sample_gives_its_weight_times_its_change() -> None:
    weights = torch.tensor([[[[2.0, -1.0], [0.0, 3.0]]]])
    inputs, baseline = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.ones(1, 1, 2, 2)
    parts = deepshap(subject_of(Weighted(weights), inputs, baselines=baseline))
    assert parts.tolist() == [[[[0.0, -1.0], [0.0, 9.0]]]]


def test_a_product_is_shared_equally() -> None:
    class Product(nn.Module):
        def forward(self, x):
            return x[:, 0, 0, 0] * x[:, 0, 0, 1]

    # From (1, 1) to (3, 5): 15 - 1 = 14. First alone: 3 - 1, or 15 - 5: its Shapley value is (2 + 10) / 2 = 6.
    inputs, baseline = torch.tensor([[[[3.0, 5.0]]]]), torch.ones(1, 1, 1, 2)
    assert deepshap(subject_of(Product(), inputs, baselines=baseline)).tolist() == [[[[6.0, 8.0]]]]


@pytest.mark.parametrize(("dimension", "edges"), [(2, (12, 16)), (3, (8, 12, 10))])
def test_contributions_sum_to_the_number_less_the_baselines(dimension: int, edges: tuple[int, ...]) -> None:
    inputs, baselines = noise(3, 1, *edges), noise(2, 1, *edges, seed=1)
    subject = subject_of(random_network(dimension), inputs, baselines=baselines, weights=torch.tensor([1.0, -2.0, 0.5]))
    parts = deepshap(subject)
    with torch.no_grad():
        difference = subject.numbers(inputs) - subject.numbers(baselines).mean()
    torch.testing.assert_close(
        parts.sum(dim=(1, *range(2, parts.ndim))), difference * subject.view_weights, rtol=1e-3, atol=1e-4
    )
    assert completeness(subject, parts) < 0.01


def test_plain_gradients_would_not_sum_to_it() -> None:
    # What the multipliers are for: gradient times change is far off on the same network.
    inputs = noise(1, 1, 12, 12)
    subject = subject_of(random_network(), inputs)
    at = inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(subject.numbers(at).sum(), at)
    assert completeness(subject, gradient * inputs) > 0.1


def test_on_networks_of_relu_it_agrees_with_captum() -> None:
    captum = pytest.importorskip("captum.attr")
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 1)
    ).eval()
    with torch.no_grad():
        for number, values in enumerate(network.parameters()):
            values.copy_(0.5 * noise(*values.shape, seed=number))
    inputs, baselines = noise(1, 1, 8, 8), noise(2, 1, 8, 8, seed=9)
    theirs = captum.DeepLiftShap(network).attribute(inputs, baselines, target=0)
    ours = deepshap(subject_of(network, inputs, baselines=baselines))
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-3, atol=1e-5)


def test_the_network_keeps_its_own_gradients() -> None:
    network = TwoFilters()
    deepshap(subject_of(network, noise(1, 1, 4, 4)))
    assert network.filters.weight.grad is None
    at = torch.full((1, 1, 2, 2), 0.5, requires_grad=True)
    network(at).sum().backward()
    assert at.grad is not None
    assert at.grad.flatten().tolist() == [(1 - 6) / 4] * 4


def test_baselines_of_their_own_for_each_view() -> None:
    inputs = noise(2, 1, 6, 6)
    baselines = inputs[None] - torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1, 1)
    parts = deepshap(subject_of(Weighted(torch.ones(1, 1, 6, 6)), inputs, baselines=baselines))
    torch.testing.assert_close(parts.sum(dim=(1, 2, 3)), torch.tensor([36.0, 72.0]))

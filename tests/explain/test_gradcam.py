"""Grad-CAM on networks that can be worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.explain.gradcam import gradcam
from lesionlab.explain.subject import Layer, joined
from tests.explain.networks import TwoFilters, random_network, subject_of


def plane(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, 2, 2)


def hooks(network: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in network.modules())


def test_the_map_of_two_filters_is_the_one_worked_out_by_hand() -> None:
    # Both filters pass 1, 2 and 4 on (once and twice) and stop -3. A mean over four samples has a gradient of 1/4; the second
    # counts three times against the answer. So the layer's features A0 = (1, 2, -3, 4) and A1 = 2 A0 have these gradients
    # behind the ReLU: (1, 1, 0, 1) / 4 and -3 (1, 1, 0, 1) / 4, with means 3/16 and -9/16.
    # Heat = relu(3/16 A0 - 9/16 * 2 A0) = relu(-15/16 A0): only the third sample, 15/16 * 3 = 45/16, is left.
    subject = subject_of(TwoFilters(), plane(1, 2, -3, 4), layers=(Layer("filters"),))

    torch.testing.assert_close(gradcam(subject), torch.tensor([[[0.0, 0.0], [45 / 16, 0.0]]]))


def test_without_the_mean_each_feature_counts_where_it_lies() -> None:
    # The gradient of the third sample is 0 behind the ReLU, so nothing is left of it; the others speak against.
    subject = subject_of(TwoFilters(), plane(1, 2, -3, 4), layers=(Layer("filters"),), pooled=False)
    torch.testing.assert_close(gradcam(subject), torch.zeros(1, 2, 2))

    turned = subject_of(
        TwoFilters(), plane(1, 2, -3, 4), layers=(Layer("filters"),), pooled=False, target=lambda answer: -answer
    )
    # -(1/4 - 3/4 * 2) = 5/4 for each passed sample.
    torch.testing.assert_close(gradcam(turned), torch.tensor([[[1.25, 2.5], [0.0, 5.0]]]))


def test_of_two_layers_the_geometric_mean_is_shown() -> None:
    # Against the answer, by hand: 15/16 (1, 2, -3, 4) of the filters, clipped, and 5/4 (1, 2, 0, 4) behind the ReLU.
    subject = subject_of(
        TwoFilters(), plane(1, 2, -3, 4), layers=(Layer("filters"), Layer("active")), target=lambda answer: -answer
    )
    both = (15 / 16 * 5 / 4) ** 0.5
    torch.testing.assert_close(gradcam(subject), both * torch.tensor([[[1.0, 2.0], [0.0, 4.0]]]))


@pytest.mark.parametrize(("dimension", "edges"), [(2, (12, 16)), (3, (8, 12, 10))])
def test_a_map_has_the_edges_of_the_input_in_2d_and_3d(dimension: int, edges: tuple[int, ...]) -> None:
    inputs = torch.randn(2, 1, *edges, generator=torch.Generator().manual_seed(1))
    heat = gradcam(subject_of(random_network(dimension), inputs, layers=(Layer("stem"),)))
    assert heat.shape == (2, *edges)
    assert float(heat.min()) >= 0 < float(heat.max())


def test_views_count_by_their_weights() -> None:
    inputs = torch.cat([plane(1, 2, -3, 4), plane(1, 2, -3, 4), plane(1, 2, -3, 4)])
    heat = gradcam(subject_of(TwoFilters(), inputs, layers=(Layer("filters"),), weights=torch.tensor([1.0, 0.5, 0.0])))
    torch.testing.assert_close(heat[:, 1, 0], torch.tensor([45 / 16, 45 / 32, 0.0]))


def test_the_network_itself_is_left_as_it_was() -> None:
    network = TwoFilters()
    gradcam(subject_of(network, plane(1, 2, 3, 4), layers=(Layer("filters"),)))
    assert hooks(network) == 0
    assert network.filters.weight.requires_grad
    assert network.filters.weight.grad is None


def test_no_hook_stays_behind_after_an_error() -> None:
    class Falling(TwoFilters):
        def forward(self, x: Tensor) -> Tensor:
            super().forward(x)
            self.seen = hooks(self)
            raise RuntimeError("half way")

    network = Falling()
    subject = subject_of(network, plane(1, 2, 3, 4), layers=(Layer("filters"),))
    from lesionlab.explain import gradcam as module

    own = subject.apart()
    with pytest.raises(RuntimeError, match="half way"):
        module._felt(own, own.inputs)
    assert own.network.seen == 1  # type: ignore[attr-defined]
    assert hooks(own.network) == 0
    with pytest.raises(RuntimeError, match="half way"):
        gradcam(subject)
    assert hooks(network) == 0


def test_an_unknown_layer_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match=r"no such layer; got fliters; expected one of filters, active"):
        gradcam(subject_of(TwoFilters(), plane(1, 2, 3, 4), layers=(Layer("fliters"),)))


def test_a_layer_without_places_is_refused() -> None:
    with pytest.raises(InputError, match="no places"):
        gradcam(subject_of(random_network(), torch.zeros(1, 1, 8, 8), layers=(Layer("gate"),)))


def test_an_ensemble_is_the_mean_of_its_members() -> None:
    inputs = plane(1, 2, 3, 4)
    first, second = subject_of(TwoFilters(), inputs), subject_of(TwoFilters(), inputs, target=lambda answer: 3 * answer)
    # By hand: the mean is 2.5, so the number is 2.5 - 3 * 5 = -12.5, and three times that for the second.
    assert joined([first, second]).numbers(inputs).tolist() == [-25.0]

"""What the network sees does not depend on the image's unit."""

from __future__ import annotations

import pytest
import torch

from lesionlab.kinds.shape.inputs import CHANNELS, mark_points, network_input


def patch() -> torch.Tensor:
    values = torch.randn(2, 24, 24, 24, generator=torch.Generator().manual_seed(0))
    values[:, 8:16, 8:16, 8:16] += 4
    return values


def test_there_are_four_channels_of_the_patch_size() -> None:
    assert network_input(patch(), 2.5).shape == (2, CHANNELS, 24, 24, 24)


@pytest.mark.parametrize(("gain", "offset"), [(2.0, 0.0), (1000.0, -1024.0), (0.01, 5.0)])
def test_another_unit_of_intensity_changes_nothing(gain: float, offset: float) -> None:
    a, b = network_input(patch(), 2.5), network_input(patch() * gain + offset, 2.5)
    assert torch.allclose(a, b, atol=2e-3)


def test_black_white_inversion_turns_the_sign_of_the_centred_channel() -> None:
    a, b = network_input(patch(), 2.5), network_input(-patch(), 2.5)
    assert torch.allclose(a[:, 1], -b[:, 1], atol=0.15)


def test_the_sphere_channel_is_zero_on_the_sphere_and_minus_one_at_the_click() -> None:
    sphere = network_input(patch(), 2.5)[0, 2]
    # 24 voxels are 2.5 sizes: the sphere's radius is 4.8 voxels, and voxel 12 lies half a voxel from the middle.
    assert sphere[12, 12, 12].item() == pytest.approx(-1 + 2 * (3 * 0.25) ** 0.5 * 2.5 / 24, abs=1e-4)
    assert sphere[7, 12, 12].item() < 0 < sphere[6, 12, 12].item()


def test_a_constant_patch_is_no_division_by_zero() -> None:
    assert torch.isfinite(network_input(torch.full((1, 16, 16, 16), 7.0), 2.5)).all()


def test_a_negative_click_is_marked_where_it_lies() -> None:
    marks = mark_points(torch.tensor([[3.0, 4.0, 5.0]]), 16, 2.5)
    assert marks.argmax().item() == (3 * 16 + 4) * 16 + 5
    assert marks.max().item() == pytest.approx(1)
    assert mark_points(torch.zeros(0, 3), 16, 2.5).sum().item() == 0

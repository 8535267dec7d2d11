from __future__ import annotations

import numpy as np
import pytest
import torch

from lesionlab.kinds.detect.targets import target
from lesionlab.networks.heatmap import HeatmapNet, centre_loss


def test_the_heat_is_one_at_the_centre_alone_and_falls_off_around_it() -> None:
    found = target(np.array([[8.5, 16.5, 20.0, 0]], dtype=np.float32), (32, 32))

    assert found.heat.shape == (1, 16, 16)
    assert np.argwhere(found.heat > 0.999).tolist() == [[0, 4, 8]]
    # A diameter of 20 samples is 10 cells; the bell is 1.5 cells wide: exp(-1 / 4.5) one cell off.
    assert found.heat[0, 5, 8] == pytest.approx(np.exp(-1 / 4.5), rel=1e-5)


def test_around_a_centre_the_size_is_told_in_samples() -> None:
    found = target(np.array([[8.5, 16.5, 20.0, 0]], dtype=np.float32), (32, 32))

    assert found.told[4, 8]
    assert np.exp(found.size[4, 8]) == pytest.approx(20.0)
    assert not found.told[12, 2]


def test_each_class_has_a_heat_map_of_its_own_and_the_size_is_of_the_nearer_lesion() -> None:
    lesions = np.array([[8.5, 8.5, 12.0, 0], [8.5, 20.5, 4.0, 1]], dtype=np.float32)

    found = target(lesions, (32, 32), classes=2)

    assert np.argwhere(found.heat > 0.999).tolist() == [[0, 4, 4], [1, 4, 10]]
    assert np.exp(found.size[4, [4, 10]]) == pytest.approx([12.0, 4.0])


def test_without_lesions_the_target_is_empty() -> None:
    found = target(np.zeros((0, 5), dtype=np.float32), (16, 16, 16))

    assert found.heat.shape == (1, 8, 8, 8)
    assert found.heat.max() == 0
    assert not found.told.any()


def test_the_loss_of_one_centre_and_one_other_cell_worked_out_by_hand() -> None:
    # At logit 0 both answers are 0.5: -(0.25 ln 0.5) - (1 - 0.5)^4 0.25 ln 0.5, one centre.
    loss = centre_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.5]]), torch.ones(1, 2))

    assert float(loss) == pytest.approx(0.25 * np.log(2) * (1 + 0.0625))


def test_a_network_of_two_classes_answers_two_logits_and_a_size() -> None:
    answer = HeatmapNet(2, 1, (8, 16), classes=2)(torch.zeros(1, 1, 32, 32))

    assert answer.shape == (1, 3, 16, 16)
    assert torch.sigmoid(answer[:, :2]).mean(dim=(0, 2, 3)).tolist() == pytest.approx([0.01, 0.01], abs=0.01)


@pytest.mark.parametrize("dimension", [2, 3])
def test_the_network_answers_for_cells_of_two_samples(dimension: int) -> None:
    network = HeatmapNet(dimension, 1, (8, 16, 24))  # type: ignore[arg-type]

    answer = network(torch.zeros(2, 1, *([32] * dimension)))

    assert network.multiple == 8
    assert answer.shape == (2, 2, *([16] * dimension))
    assert float(torch.sigmoid(answer[:, 0]).mean().detach()) == pytest.approx(0.01, abs=0.01)

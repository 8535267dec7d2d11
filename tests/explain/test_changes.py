"""Adversarial changes and class models."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lesionlab.explain.adversarial import pgd, smallest_flip, total
from lesionlab.explain.class_model import class_model
from tests.explain.networks import Weighted, noise, random_network, subject_of

WEIGHTS = torch.tensor([[[[1.0, -2.0], [0.0, 1.0]]]])


@pytest.mark.parametrize("radius", [0.01, 0.3, 2.0])
def test_a_change_stays_in_its_ball_and_in_the_range_of_the_inputs(radius: float) -> None:
    inputs = noise(2, 1, 12, 12).clamp(-1, 1)
    subject = subject_of(random_network(), inputs, low=-1.0, high=1.0)
    change = pgd(subject, radius)
    assert float(change.abs().max()) <= radius + 1e-6
    assert float((inputs + change).min()) >= -1 - 1e-6
    assert float((inputs + change).max()) <= 1 + 1e-6
    before, after = total(subject, inputs), total(subject, inputs + change)
    assert after < before if before >= 0 else after > before


def test_the_smallest_change_that_turns_a_weighted_sum_is_the_number_over_the_weights() -> None:
    # 2 * 1 - 0.5 * 2 + 0.6 = 1.6; each of radius r takes r * (1 + 2 + 1) off: the sum turns at r = 0.4.
    subject = subject_of(Weighted(WEIGHTS), torch.tensor([[[[2.0, 0.5], [7.0, 0.6]]]]))
    flip = smallest_flip(subject, largest=2.0, rounds=12)
    assert flip.flipped
    assert flip.before == pytest.approx(1.6)
    assert flip.after < 0
    assert flip.largest == pytest.approx(0.4, abs=2e-3)
    assert flip.change.flatten().tolist() == pytest.approx([-0.4, 0.4, 0.0, -0.4], abs=2e-3)


def test_an_answer_below_its_threshold_is_pushed_up() -> None:
    # 1.6 lies 0.8 below a threshold of 2.4: r = 0.2.
    subject = subject_of(Weighted(WEIGHTS), torch.tensor([[[[2.0, 0.5], [7.0, 0.6]]]]), threshold=2.4)
    flip = smallest_flip(subject, largest=2.0, rounds=12)
    assert flip.after > 2.4
    assert flip.largest == pytest.approx(0.2, abs=2e-3)


def test_when_no_change_turns_the_answer_it_says_so() -> None:
    subject = subject_of(Weighted(WEIGHTS), torch.tensor([[[[2.0, 0.5], [7.0, 0.6]]]]))
    flip = smallest_flip(subject, largest=0.1)
    assert not flip.flipped
    assert flip.after == pytest.approx(1.6 - 0.4)
    assert flip.largest == 0.1


def test_the_class_model_shows_what_the_network_looks_for() -> None:
    # A bright square on dark ground is what these weights sum up; the search must find its contrast and stay in range.
    wanted = torch.full((1, 1, 32, 32), -1.0)
    wanted[..., 10:22, 10:22] = 2.0
    subject = subject_of(Weighted(wanted / wanted.numel()), torch.zeros(1, 1, 32, 32), low=-1.0, high=1.0)
    image = class_model(subject, np.random.default_rng(0))
    assert image.shape == (1, 1, 32, 32)
    assert float(image.min()) >= -1
    assert float(image.max()) <= 1
    inside = wanted > 0
    assert float(image[inside].mean()) > 0.5
    assert float(image[~inside].mean()) < 0
    assert total(subject, image) > 0.5 * total(subject, wanted.clamp(-1, 1))


def test_the_class_model_is_smooth_and_repeats_itself_for_a_seed() -> None:
    subject = subject_of(random_network(), torch.zeros(1, 1, 32, 32), low=-1.0, high=1.0)
    first, again = (class_model(subject, np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first, again)
    rough = noise(1, 1, 32, 32).clamp(-1, 1)
    assert float(first.diff(dim=3).abs().mean()) < 0.3 * float(rough.diff(dim=3).abs().mean())

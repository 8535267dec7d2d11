"""The checks of maps, on maps and networks whose figures can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lesionlab.explain.checks import agreement, completeness, curves, randomisation, randomised, rank_correlation
from lesionlab.explain.deepshap import deepshap
from lesionlab.explain.gradcam import gradcam
from lesionlab.explain.subject import Layer
from tests.explain.networks import Weighted, noise, random_network, subject_of

# Four samples of 1 with weights 4, 3, 2, 1 against zeros: the number is 10.
FOUR = Weighted(torch.tensor([[[[4.0, 3.0], [2.0, 1.0]]]]))


def test_the_curves_of_a_weighted_sum_fall_and_rise_by_the_weights() -> None:
    subject = subject_of(FOUR, torch.ones(1, 1, 2, 2))
    found = curves(subject, torch.tensor([[[4.0, 3.0], [2.0, 1.0]]]), steps=4)
    assert found.deletion == pytest.approx((1.0, 0.6, 0.3, 0.1, 0.0))
    assert found.insertion == pytest.approx((0.0, 0.4, 0.7, 0.9, 1.0))
    # Trapezoids a quarter wide: (0.5 + 0.6 + 0.3 + 0.1 + 0) / 4 and (0 + 0.4 + 0.7 + 0.9 + 0.5) / 4.
    assert found.deletion_area == pytest.approx(0.375)
    assert found.insertion_area == pytest.approx(0.625)


def test_a_map_in_the_wrong_order_has_the_areas_the_other_way_round() -> None:
    subject = subject_of(FOUR, torch.ones(1, 1, 2, 2))
    found = curves(subject, torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), steps=4)
    assert found.deletion == pytest.approx((1.0, 0.9, 0.7, 0.4, 0.0))
    assert found.deletion_area == pytest.approx(0.625)
    assert found.insertion_area == pytest.approx(0.375)


def test_random_weights_change_the_map_and_are_the_same_numbers_in_other_places() -> None:
    network = random_network()
    subject = subject_of(network, noise(1, 1, 24, 24), layers=(Layer("stem"),))
    other = randomised(subject, np.random.default_rng(1))
    for (name, ours), theirs in zip(network.named_parameters(), other.network.parameters(), strict=True):
        assert torch.equal(ours.flatten().sort().values, theirs.flatten().sort().values), name
    assert not torch.equal(network.stem.weight, dict(other.network.named_parameters())["stem.weight"])
    assert not torch.equal(gradcam(subject), gradcam(other))
    assert -1 <= randomisation(subject, gradcam, np.random.default_rng(1)) < 0.95


def test_what_views_have_learnt_to_count_changes_places_too() -> None:
    weights = torch.tensor([0.5, 0.3, 0.15, 0.05])
    subject = subject_of(random_network(), noise(4, 1, 24, 24), layers=(Layer("stem"),), weights=weights)
    other = randomised(subject, np.random.default_rng(1)).weights
    assert other is not None
    assert sorted(other.tolist(), reverse=True) == weights.tolist()
    assert not torch.equal(other, weights)
    assert randomised(replace(subject, weights=None), np.random.default_rng(1)).weights is None


def test_a_map_that_does_not_look_at_the_network_is_found_out() -> None:
    # An edge detector draws the same map for any weights.
    subject = subject_of(random_network(), noise(1, 1, 24, 24), layers=(Layer("stem"),))
    assert randomisation(subject, lambda s: s.inputs[:, 0].abs(), np.random.default_rng(1)) == pytest.approx(1.0)


def test_rank_correlation_is_spearmans_and_0_for_flat_maps() -> None:
    rising = np.arange(6, dtype=np.float32)
    assert rank_correlation(rising, rising**3) == pytest.approx(1.0)
    assert rank_correlation(rising, -rising) == pytest.approx(-1.0)
    assert rank_correlation(rising, np.zeros(6, np.float32)) == 0.0


def test_completeness_is_the_missing_share() -> None:
    subject = subject_of(FOUR, torch.ones(1, 1, 2, 2))
    parts = deepshap(subject)
    assert completeness(subject, parts) == pytest.approx(0.0, abs=1e-6)
    assert completeness(subject, 0.9 * parts) == pytest.approx(0.1)


def test_agreement_with_a_readers_marks() -> None:
    heat = np.array([[5.0, 1.0, 0.0], [2.0, 4.0, -3.0]], np.float32)
    marks = np.array([[True, False, False], [True, False, False]])
    found = agreement(heat, marks)
    # 7 of 12 lie in the marks, which are 2 of 6 samples; of the two hottest (5 and 4) one does.
    assert found.hit
    assert found.share == pytest.approx(7 / 12)
    assert found.expected == pytest.approx(1 / 3)
    assert found.dice == 0.5
    assert not agreement(heat, ~marks).hit


def test_a_map_of_nothing_agrees_with_nothing() -> None:
    found = agreement(np.zeros((2, 2), np.float32), np.array([[False, False], [False, True]]))
    assert (found.share, found.dice) == (0.0, 0.0)

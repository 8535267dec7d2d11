"""Trainings of a fold are averaged by their weights, and no patient trains and tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.mass_mammo_folds import FOLDS, folds_of, mean_network
from torch import nn

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.images import MarkedImage


def norm_with(weight: float, seen: int) -> nn.BatchNorm2d:
    """A layer of three features that are all scaled alike."""
    layer = nn.BatchNorm2d(3)
    layer.weight.data.fill_(weight)
    layer.num_batches_tracked = torch.tensor(seen)
    return layer


def test_every_tensor_is_the_mean_over_the_trainings() -> None:
    mean = mean_network([norm_with(1, 4), norm_with(2, 6), norm_with(6, 8)])
    assert mean.weight.tolist() == pytest.approx([3, 3, 3])
    assert mean.num_batches_tracked == 6


def test_one_training_alone_is_its_own_mean() -> None:
    layer = norm_with(0.25, 3)
    assert mean_network([layer]) is layer
    assert layer.weight.tolist() == [0.25, 0.25, 0.25]
    assert layer.num_batches_tracked == 3


def test_both_images_of_a_woman_are_in_one_fold_and_no_fold_is_empty(tmp_path: Path) -> None:
    picture = Volume(np.zeros((2, 2, 1), dtype=np.uint8), Geometry((2, 2, 1), np.eye(4)))
    images = [MarkedImage(tmp_path / f"{n}.png", f"w{n // 2}", picture, ()) for n in range(20)]
    folds = folds_of(images)
    assert folds[::2] == folds[1::2]
    assert set(folds) == set(range(FOLDS))

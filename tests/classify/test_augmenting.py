from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lesionlab.kinds.classify.augment import Warp, draw_warp, margin_for, mixed, resample, shade
from lesionlab.kinds.classify.recipe import balanced, class_weights
from lesionlab.kinds.classify.samples import StoredCase
from lesionlab.kinds.classify.task import AugmentationSettings
from tests.classify.blobs import classify_task
from tests.classify.test_folds import stored

STILL = {"rotation_rad": 0, "shift": 0, "scale": 0, "size_error": 0, "click_error": 0, "flips": []}


def ramp(edge: int) -> torch.Tensor:
    """Each sample holds its column, from the middle."""
    return (torch.arange(edge) - (edge - 1) / 2).expand(1, 1, edge, edge).clone()


def test_without_a_change_the_middle_of_what_is_stored_is_cut_out() -> None:
    task = classify_task()

    x = resample(ramp(48), [Warp()], task)

    torch.testing.assert_close(x, ramp(48)[..., 8:40, 8:40], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("warp", "change"),
    [
        (Warp(scale=1.25), lambda x: 1.25 * x),
        (Warp(shift=(0.1, 0.0)), lambda x: x + 3.2),
        (Warp(flips=(True, False)), lambda x: -x),
        (Warp(flips=(False, True)), lambda x: x),
    ],
    ids=["wider", "to the right", "mirrored", "upside down"],
)
def test_a_look_is_a_change_of_coordinates(warp: Warp, change: object) -> None:
    x = resample(ramp(48), [warp], classify_task())

    assert callable(change)
    torch.testing.assert_close(x, change(ramp(32)), atol=1e-3, rtol=0)


def test_turning_by_a_right_angle_makes_rows_of_columns() -> None:
    x = resample(ramp(48), [Warp(angle=math.pi / 2)], classify_task())

    torch.testing.assert_close(x, -ramp(32).transpose(2, 3), atol=1e-3, rtol=0)


def test_the_click_and_the_size_are_off_by_as_much_as_was_said_and_no_more() -> None:
    # The crop is 1.6 sizes: 0.3 radii are 0.3 / 3.2 of its edge.
    task = classify_task(training={"augmentation": {**STILL, "size_error": 0.25, "click_error": 0.3}})
    rng = np.random.default_rng(0)

    warps = [draw_warp(task, True, 1.0, rng) for _ in range(4000)]

    away = [math.hypot(*warp.shift) for warp in warps]
    assert 0.29 / 3.2 < max(away) <= 0.3 / 3.2
    assert np.mean(away) == pytest.approx(2 / 3 * 0.3 / 3.2, rel=0.03)  # anywhere in a disc
    assert 0.75 <= min(w.scale for w in warps) < 0.76
    assert 1.24 < max(w.scale for w in warps) <= 1.25


def test_the_same_error_of_the_click_is_a_smaller_share_of_a_wider_crop() -> None:
    task = classify_task(training={"augmentation": {**STILL, "click_error": 0.3}})

    near, far = (draw_warp(task, True, scale, np.random.default_rng(0)).shift for scale in (1.0, 2.0))

    assert near == pytest.approx((2 * far[0], 2 * far[1]))


def test_training_draws_one_magnification_of_a_patch_at_a_time() -> None:
    task = classify_task(input={"form": "patch", "voxels": 32, "default_mm": 30, "magnifications": [1, 2]})
    planes = np.stack([np.full((32, 32), n, np.float16) for n in range(2)])
    case, rng = StoredCase("a", "p", planes, None, 0, False), np.random.default_rng(0)

    drawn = [case.drawn(task, rng) for _ in range(40)]

    assert {(float(one.values.mean()), one.magnification) for one in drawn} == {(0, 1), (1, 2)}
    assert all(one.values.shape == (1, 32, 32) for one in drawn)


def test_a_crop_without_a_size_has_no_error_of_size() -> None:
    task = classify_task(training={"augmentation": {**STILL, "size_error": 0.25}})

    assert draw_warp(task, False, 1.0, np.random.default_rng(0)).scale == 1.0


def test_the_margin_holds_the_widest_look() -> None:
    task = classify_task(training={"augmentation": {**STILL, "scale": 0.2, "shift": 0.05}})

    # Half an edge times 1.2 and a shift of 0.05, beyond half an edge.
    assert margin_for(task) == pytest.approx(0.5 * 1.2 + 0.05 - 0.5)
    assert margin_for(classify_task(input={"form": "image", "voxels": 32})) == 0.0


def test_intensities_stay_as_they_are_unless_asked_for() -> None:
    x = torch.rand(3, 1, 1, 8, 8) * 2 - 1
    none = AugmentationSettings(brightness=0, contrast=0, gamma=0)

    torch.testing.assert_close(shade(x, none, np.random.default_rng(0)), x)
    turned = AugmentationSettings(brightness=0, contrast=0, gamma=0, inversion=1)
    torch.testing.assert_close(shade(x, turned, np.random.default_rng(0)), -x)


def test_brightness_multiplies_what_lies_above_black_by_up_to_a_tenth() -> None:
    settings = AugmentationSettings(brightness=0.1, contrast=0, gamma=0)

    x = shade(torch.zeros(500, 1, 1, 2, 2), settings, np.random.default_rng(0))

    factors = (x[:, 0, 0, 0, 0] + 1) / 2 / 0.5
    assert 0.9 <= factors.min() < 0.905
    assert 1.095 < factors.max() <= 1.1


def test_a_mixture_keeps_most_of_the_sample_itself() -> None:
    rng = np.random.default_rng(0)

    weights = [mixed(AugmentationSettings(mixup=0.4), 8, rng)[0] for _ in range(200)]

    assert min(weights) >= 0.5
    assert mixed(AugmentationSettings(), 8, rng)[0] == 1.0


def test_classes_weigh_the_same_in_sum() -> None:
    cases = [stored(f"p{n}", int(n < 3)) for n in range(12)]

    weights = class_weights(cases, 2, "weights")

    assert weights.tolist() == pytest.approx([12 / 18, 12 / 6])
    assert 9 * weights[0] == pytest.approx(3 * weights[1])
    assert class_weights(cases, 2, "none").tolist() == [1, 1]


def test_down_sampling_leaves_as_many_of_each_class_as_the_rarest_has() -> None:
    cases = [stored(f"p{n}", 0 if n < 10 else 1 if n < 14 else 2) for n in range(21)]

    kept = balanced(cases, 3, "downsample", np.random.default_rng(0))

    assert [sum(case.truth == n for case in kept) for n in range(3)] == [4, 4, 4]
    assert balanced(cases, 3, "weights", np.random.default_rng(0)) == cases

"""What the methods are asked: the errors in click, size and field of view are as large as they should be."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.real_cases import RealCase
from benchmarks.trials import EXACT, JITTERED, LARGE, RECUT, SMALL, VARIANTS, Trial, trials_of

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

GEOMETRY = Geometry((90, 80, 40), np.diag([-1.0, 1.0, 2.0, 1.0]))


def case() -> RealCase:
    """A box of 20 x 20 x 10 voxels far from the volume's edges."""
    truth = np.zeros(GEOMETRY.shape, dtype=np.uint8)
    truth[40:60, 30:50, 15:25] = 1
    image = Volume(np.arange(truth.size, dtype=np.int32).reshape(truth.shape), GEOMETRY)
    center = GEOMETRY.index_to_ras((49.0, 39.0, 20.0))
    return RealCase("box", "nobody", "CT", "focal", image, Volume(truth, GEOMETRY), center, 28.0)


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    return {trial.variant: trial for trial in trials_of(case())}


def test_every_variant_is_asked_once(trials: dict[str, Trial]) -> None:
    assert tuple(trials) == VARIANTS


def test_a_jittered_click_lies_in_the_lesion_within_0_3_of_its_radius(trials: dict[str, Trial]) -> None:
    for name in JITTERED:
        trial = trials[name]
        away = np.linalg.norm(np.asarray(trial.point_mm) - trials[EXACT].point_mm)
        assert 0 < away <= 0.3 * 14.0
        index = tuple(round(n) for n in GEOMETRY.ras_to_index(trial.point_mm))
        assert trial.truth.array[index] == 1


def test_wrong_sizes_are_a_fifth_off(trials: dict[str, Trial]) -> None:
    assert trials[SMALL].size_mm == pytest.approx(22.4)
    assert trials[LARGE].size_mm == pytest.approx(33.6)


def test_a_re_cut_volume_keeps_the_whole_lesion_where_it_is_and_5_to_30_mm_around(trials: dict[str, Trial]) -> None:
    trial = trials[RECUT]
    assert trial.truth.array.sum() == 4000
    inside = np.argwhere(trial.truth.array)
    low_mm = inside.min(axis=0) * trial.truth.geometry.spacing_mm
    high_mm = (np.asarray(trial.truth.array.shape) - 1 - inside.max(axis=0)) * trial.truth.geometry.spacing_mm
    for margin_mm in (*low_mm, *high_mm):
        assert 4.0 <= margin_mm <= 31.0
    index = tuple(round(n) for n in trial.image.geometry.ras_to_index(trial.point_mm))
    assert trial.image.array[index] == case().image.array[49, 39, 20]


def test_the_same_seed_draws_the_same_trials_and_another_seed_others() -> None:
    clicks = [[trial.point_mm for trial in trials_of(case(), seed)] for seed in (1, 1, 2)]
    assert clicks[0] == clicks[1] != clicks[2]

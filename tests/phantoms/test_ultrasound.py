"""The simulated ultrasound image: five signs decide together, none alone, and nothing that a machine burns in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.ultrasound import Machine, UltrasoundPhantom, simulate_ultrasound
from lesionlab.phantoms.ultrasound_cohort import SHIFTS, write_cohort
from lesionlab.phantoms.ultrasound_lesion import Lesion, Signs, draw_lesion, draw_signs
from lesionlab.store.cases import read_cases
from tests.phantoms.baselines import auc, baselines

NAMES = ("margin", "upright", "shadow", "halo", "mixed")
NEUTRAL = Signs(0.0, 0.0, 0.0, 0.0, 0.0)


@cache
def shot(seed: int, malignant: bool, machine: Machine | None = None) -> UltrasoundPhantom:
    return simulate_ultrasound(np.random.default_rng(seed), malignant, replace(machine or Machine(), height=256))


def lesion_with(signs: Signs, seed: int = 0) -> Lesion:
    return draw_lesion(np.random.default_rng(seed), (200, 240), (90.0, 120.0), 10.0, signs, 0.2)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    one, same = (simulate_ultrasound(np.random.default_rng(1), True) for _ in range(2))
    assert one.image.tobytes() == same.image.tobytes()
    assert (one.point, one.size) == (same.point, same.size)
    assert one.point != simulate_ultrasound(np.random.default_rng(2), True).point


def test_no_single_sign_tells_the_classes_but_all_together_do() -> None:
    rng = np.random.default_rng(0)
    labels = ["malignant", "benign"] * 200
    signs = [draw_signs(rng, label == "malignant") for label in labels]
    table = [[float(getattr(s, name)) for name in NAMES] for s in signs]
    assert auc(table, labels, boosted=False) > 0.99
    for n in range(5):
        assert 0.75 < auc([[row[n]] for row in table], labels, boosted=False) < 0.98


def test_an_upright_lesion_is_taller_than_wide() -> None:
    for upright, taller in ((-2.0, False), (3.0, True)):
        rows, columns = np.nonzero(lesion_with(replace(NEUTRAL, margin=-2.0, upright=upright)).mask)
        assert bool(np.ptp(rows) > np.ptp(columns)) is taller


def test_sound_is_lost_behind_a_shadowing_lesion_and_gained_behind_a_fluid_one() -> None:
    behind = {s: float(lesion_with(replace(NEUTRAL, shadow=s)).loss_db.sum(axis=0)[120]) for s in (-1.0, 0.0, 1.0)}
    # 0.85 dB for each millimetre of the longest diameter, here 10 mm wide and about 7 high.
    assert behind[1.0] == pytest.approx(0.85 * 7, rel=0.3)
    assert behind[-1.0] == pytest.approx(-behind[1.0])
    assert behind[0.0] == 0


def test_an_irregular_margin_is_longer_than_a_smooth_one() -> None:
    def roughness(margin: float) -> float:
        ratios = []
        for seed in range(6):
            mask = lesion_with(replace(NEUTRAL, margin=margin), seed).mask
            ratios.append((mask & ~ndimage.binary_erosion(mask)).sum() / np.sqrt(mask.sum()))
        return float(np.mean(ratios))

    assert roughness(2.5) > 1.1 * roughness(-2.0)


def test_the_size_is_the_lesions_longest_diameter_and_the_point_lies_within() -> None:
    for seed in range(4):
        phantom = shot(seed, seed % 2 == 0)
        rows, columns = np.nonzero(phantom.mask)
        box = max(np.ptp(rows), np.ptp(columns)) + 1
        assert box <= phantom.size + 1.5
        assert phantom.size <= np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1)
        x, y = phantom.point
        near = phantom.mask[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5]
        assert near.mean() > 0.5


def test_mean_histogram_blobs_and_size_do_not_tell_the_class() -> None:
    labels = ["malignant", "benign"] * 30
    phantoms = [shot(1000 + n, label == "malignant") for n, label in enumerate(labels)]
    assert baselines([p.image for p in phantoms], labels).best <= 0.75
    assert auc([[p.size] for p in phantoms], labels) <= 0.75


def speckle(phantom: UltrasoundPhantom) -> float:
    values = phantom.image.astype(float)
    values = values[values.shape[0] // 4 : -values.shape[0] // 4, values.shape[1] // 4 : -values.shape[1] // 4]
    return float((values - ndimage.gaussian_filter(values, 4)).std())


def test_every_shift_changes_the_picture_as_it_says() -> None:
    usual = speckle(shot(3, False))
    assert speckle(shot(3, False, SHIFTS["compound"])) < 0.8 * usual
    assert speckle(shot(3, False, SHIFTS["high-contrast"])) > 1.1 * usual
    deep = simulate_ultrasound(np.random.default_rng(3), False, SHIFTS["low-frequency"])
    assert deep.size < simulate_ultrasound(np.random.default_rng(3), False).size  # 40 to 60 mm deep, not 32 to 46


def test_a_cohort_lists_both_classes_with_points_in_their_masks(tmp_path: Path) -> None:
    write_cohort(tmp_path, 4, np.random.default_rng(0))
    cases = read_cases(tmp_path)
    assert [case.label for case in cases] == ["benign", "malignant"] * 2
    for case in cases:
        assert case.mask is not None
        assert case.point_mm is not None
        assert case.size_mm is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.geometry.same_as(mask.geometry)
        i, j, _ = (round(x) for x in image.geometry.ras_to_index(case.point_mm))
        assert mask.array[i - 5 : i + 6, j - 5 : j + 6].any()
    with pytest.raises(InputError, match=r"got compuond; expected one of low-frequency, compound, .*'compound'"):
        write_cohort(tmp_path / "other", 1, np.random.default_rng(0), "compuond")

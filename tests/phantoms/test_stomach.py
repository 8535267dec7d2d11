"""The simulated double-contrast radiograph: its class shows in the folds, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.stomach import StomachPhantom, Unit, simulate_stomach
from lesionlab.phantoms.stomach_cohort import SHIFTS, write_cohort
from lesionlab.phantoms.stomach_mucosa import draw_mucosa
from lesionlab.store.cases import read_cases
from tests.phantoms.baselines import auc, baselines

EDGE = 256
SHIFT_NAMES = ("film", "intensifier", "thin-barium")


@cache
def shot(seed: int, inflamed: bool, unit: Unit | None = None) -> StomachPhantom:
    return simulate_stomach(np.random.default_rng(seed), inflamed, replace(unit or Unit(), edge=EDGE))


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    one, same = shot(1, True), simulate_stomach(np.random.default_rng(1), True, Unit(edge=EDGE))
    assert one.image.tobytes() == same.image.tobytes()
    assert np.array_equal(one.region, same.region)
    assert one.image.tobytes() != shot(2, True).image.tobytes()


def test_only_an_inflamed_stomach_has_a_region_that_decides() -> None:
    for seed in range(3):
        assert not shot(seed, False).region.any()
        region = shot(seed, True).region
        assert 0.01 * EDGE**2 < region.sum() < 0.25 * EDGE**2


def test_the_class_changes_the_lining_and_leaves_the_rest_of_the_picture() -> None:
    swollen, healthy = shot(4, True), shot(4, False)
    outside = ~ndimage.binary_dilation(swollen.region, iterations=30)
    alike = [np.corrcoef(swollen.image[part], healthy.image[part])[0, 1] for part in (swollen.region, outside)]
    assert alike[0] < 0.9
    assert alike[1] > 0.99


def test_no_single_measure_tells_the_classes_but_all_together_do() -> None:
    rng = np.random.default_rng(0)
    labels = ["positive", "negative"] * 150
    linings = [draw_mucosa(rng, label == "positive") for label in labels]
    measures = [[m.fold_mm, m.tortuous, m.uneven, m.areae_mm, m.areae_uneven] for m in linings]
    assert auc(measures, labels, boosted=False) > 0.995
    for n in range(5):
        of = {name: [m[n] for m, label in zip(measures, labels, strict=True) if label == name] for name in labels}
        assert min(of["positive"]) < max(of["negative"])


def test_mean_histogram_and_blobs_do_not_tell_the_class() -> None:
    labels = ["positive", "negative"] * 30
    images = [shot(1000 + n, label == "positive").image for n, label in enumerate(labels)]
    assert baselines(images, labels).best <= 0.75


def test_every_shift_changes_the_picture_as_it_says() -> None:
    usual, film, round_field, thin = (shot(4, True, unit) for unit in (None, *(SHIFTS[n] for n in SHIFT_NAMES)))
    assert film.image.mean() < usual.image.mean() < thin.image.mean()  # their curves
    assert not round_field.image[:10, :10].any()  # dark outside the circle
    assert round_field.region.sum() < usual.region.sum()  # 310 mm across against 280
    coats = [simulate.image[simulate.region].std() / simulate.image.std() for simulate in (usual, thin)]
    assert coats[1] < coats[0]


def test_a_cohort_lists_both_classes_with_masks_on_the_images_own_lattice(tmp_path: Path) -> None:
    write_cohort(tmp_path, 4, np.random.default_rng(0))
    cases = read_cases(tmp_path)
    assert [case.label for case in cases] == ["negative", "positive"] * 2
    assert len({case.patient for case in cases}) == 4
    for case in cases:
        assert case.mask is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.geometry.same_as(mask.geometry)
        assert set(np.unique(mask.array)) == ({0, 1} if case.label == "positive" else {0})
    with pytest.raises(ConflictError, match="holds a cohort already"):
        write_cohort(tmp_path, 1, np.random.default_rng(0))


def test_an_unknown_shift_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got flim; expected one of intensifier, film, thin-barium; .*'film'"):
        write_cohort(tmp_path, 1, np.random.default_rng(0), "flim")

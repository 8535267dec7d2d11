"""The simulated region around a cancer: three ways of growing, told apart by five signs together."""

from __future__ import annotations

from dataclasses import astuple
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.subtype import EDGE, SubtypePhantom, simulate_subtype
from lesionlab.phantoms.subtype_cohort import SHIFTS, write_cohort
from lesionlab.phantoms.subtype_growth import TYPICAL, Growth, Subtype, draw_growth, draw_in, grow
from lesionlab.store.cases import read_cases
from tests.phantoms.baselines import auc, baselines

NAMES: tuple[Subtype, ...] = tuple(TYPICAL)
CENTER = (100.0, 100.0)


@cache
def region(seed: int, subtype: Subtype) -> SubtypePhantom:
    return simulate_subtype(np.random.default_rng(seed), subtype)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    one, same = region(1, "solid"), simulate_subtype(np.random.default_rng(1), "solid")
    assert one.image.shape == (EDGE, EDGE)
    assert one.image.tobytes() == same.image.tobytes()
    assert one.image.tobytes() != region(2, "solid").image.tobytes()


def test_no_single_sign_tells_the_subtypes_but_all_together_do() -> None:
    rng = np.random.default_rng(0)
    labels = [*NAMES] * 80
    table = [astuple(draw_growth(rng, name)) for name in labels]
    assert auc(table, labels, boosted=False) > 0.99
    for n in range(5):
        assert auc([[row[n]] for row in table], labels, boosted=False) < 0.95


def test_scirrhous_growth_reaches_further_than_solid_growth() -> None:
    def reach(growth: Growth) -> float:
        """Share of what is added that lies beyond 0.8 sizes from the middle."""
        added = grow(np.random.default_rng(0), (200, 200), CENTER, 60.0, growth).added
        y, x = np.indices(added.shape)
        return float(added[np.hypot(y - 100, x - 100) > 48].sum() / added.sum())

    assert reach(TYPICAL["scirrhous"]) > 0.01
    assert reach(TYPICAL["solid"]) < 0.001


def test_tissue_is_drawn_in_or_pushed_aside() -> None:
    y, x = np.indices((200, 200), dtype=np.float32)
    away = np.hypot(y - 100, x - 100)
    ring = (np.abs(away - 60) < 3).astype(np.float32)

    def radius(amount: float) -> float:
        moved = draw_in(np.random.default_rng(0), ring, CENTER, 60.0, amount)
        return float((moved * away).sum() / moved.sum())

    assert radius(0.0) == pytest.approx(60, abs=0.5)
    assert radius(1.0) < 58 < 60.5 < radius(-1.0)


def test_mean_histogram_and_blobs_do_not_tell_the_subtype() -> None:
    labels = [*NAMES] * 14
    images = [region(2000 + n, name).image for n, name in enumerate(labels)]
    assert baselines(images, labels).best <= 0.75


def test_digital_is_brighter_and_old_film_noisier_than_usual() -> None:
    usual, digital, old = (
        simulate_subtype(np.random.default_rng(3), "solid", film).image.astype(float)
        for film in (None, SHIFTS["digital"], SHIFTS["old-film"])
    )
    assert digital.mean() > usual.mean() > old.mean()
    noise = [float(np.median(np.abs(np.diff(image, axis=0)))) for image in (digital, old)]
    assert noise[1] > 2 * noise[0]


def test_a_cohort_lists_all_subtypes_with_masks_on_the_images_own_lattice(tmp_path: Path) -> None:
    write_cohort(tmp_path, 3, np.random.default_rng(0))
    cases = read_cases(tmp_path)
    assert {case.label for case in cases} == {"tubule_forming", "solid", "scirrhous"}
    for case in cases:
        assert case.mask is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.geometry.same_as(mask.geometry)
        assert set(np.unique(mask.array)) == {0, 1}
    with pytest.raises(InputError, match=r"got digitale; expected one of digital, old-film; .*'digital'"):
        write_cohort(tmp_path / "other", 1, np.random.default_rng(0), "digitale")

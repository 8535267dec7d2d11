"""The simulated chest CT of a body: how much fluid the lungs hold says nothing, where it lies decides."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.canvas import Axes
from lesionlab.phantoms.postmortem import PostmortemPhantom, PostmortemSettings, simulate_postmortem
from lesionlab.phantoms.postmortem_cohort import SHIFTS, write_cohort
from lesionlab.phantoms.postmortem_lungs import draw_fluid, outlined
from lesionlab.store.cases import read_cases
from tests.phantoms.baselines import auc, baselines

SMALL = PostmortemSettings(shape=(88, 88, 24), spacing_mm=(4.0, 4.0, 10.0), leaves=60)


@cache
def body(seed: int, drowned: bool) -> PostmortemPhantom:
    return simulate_postmortem(np.random.default_rng(seed), drowned, SMALL)


def airy(phantom: PostmortemPhantom) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Lung, roughly: between the couch and the skin, less dense than fat."""
    values = phantom.image.array
    inside = np.zeros(values.shape, dtype=bool)
    inside[16:-16, 22:-26] = True
    return inside & (values < -250) & (values > -960)


def test_the_same_seed_gives_the_same_body_and_another_seed_another() -> None:
    one, same = body(1, True), simulate_postmortem(np.random.default_rng(1), True, SMALL)
    assert one.image.array.tobytes() == same.image.array.tobytes()
    assert np.array_equal(one.region.array, same.region.array)
    assert one.image.array.tobytes() != body(2, True).image.array.tobytes()


def test_only_a_drowned_body_has_water_to_point_at() -> None:
    for seed in range(2):
        assert not body(seed, False).region.array.any()
        wet = body(seed, True)
        assert wet.region.geometry.same_as(wet.image.geometry)
        share = wet.region.array[airy(wet)].mean()
        assert 0.05 < share < 0.8


def test_an_outline_goes_across_gaps_of_12_mm_and_not_of_20() -> None:
    axes = Axes.of((0.0, 0.0, 0.0), (30, 5, 5), (2.0, 2.0, 2.0))
    for apart, across in ((6, range(5, 12)), (10, (5, 15))):
        plates = np.zeros(axes.shape, dtype=bool)
        plates[..., [5, 5 + apart]] = True
        assert np.flatnonzero(outlined(plates, axes).all(axis=(0, 1))).tolist() == list(across)
    nothing = np.zeros(axes.shape, dtype=bool)
    assert not outlined(nothing, axes).any()


def test_blood_sinks_after_cardiac_death_more_than_after_drowning() -> None:
    def front_to_back(phantom: PostmortemPhantom) -> float:
        """Correlation of density with depth in the lungs."""
        where = airy(phantom)
        return float(np.corrcoef(np.nonzero(where)[1], phantom.image.array[where])[0, 1])

    heart, water = (np.mean([front_to_back(body(seed, drowned)) for seed in range(3)]) for drowned in (False, True))
    assert heart > 0.4
    assert heart > water + 0.15


def test_no_single_pattern_tells_the_classes_but_all_together_do() -> None:
    rng = np.random.default_rng(0)
    labels = ["drowning", "cardiac"] * 150
    fluids = [draw_fluid(rng, label == "drowning") for label in labels]
    assert auc([[f.haze, f.septa, f.sunk] for f in fluids], labels, boosted=False) > 0.99
    for amounts in ("most", "least", "skew", "uneven", "central"):
        assert auc([[float(getattr(f, amounts))] for f in fluids], labels, boosted=False) < 0.6


def test_mean_histogram_and_blobs_do_not_tell_the_class() -> None:
    labels = ["drowning", "cardiac"] * 10
    images = [body(100 + n, label == "drowning").image.array for n, label in enumerate(labels)]
    assert baselines(images, labels).best <= 0.75


def noise(phantom: PostmortemPhantom) -> float:
    """Median step between neighbours in soft tissue."""
    values = phantom.image.array.astype(float)
    soft = (values > -160) & (values < 220)
    return float(np.median(np.abs(np.diff(values, axis=0))[soft[1:] & soft[:-1]]))


def test_every_shift_changes_the_scan_as_it_says() -> None:
    rng = np.random.default_rng
    shown = {name: simulate_postmortem(rng(1), False, shift(SMALL)) for name, shift in SHIFTS.items()}
    assert noise(shown["low-dose"]) > noise(shown["sharp-kernel"]) > 1.2 * noise(body(1, False))
    assert shown["sharp-kernel"].image.geometry.spacing_mm == pytest.approx((4.6, 4.6, 10.0))
    assert shown["thick"].image.geometry.spacing_mm == pytest.approx((4.0, 4.0, 8.0))
    assert shown["thick"].image.geometry.shape == (88, 88, 30)


def test_a_cohort_lists_both_classes_with_masks_on_the_images_own_lattice(tmp_path: Path) -> None:
    write_cohort(tmp_path, 2, np.random.default_rng(0), None, replace(SMALL, shape=(60, 60, 24)))
    cases = read_cases(tmp_path)
    assert [case.label for case in cases] == ["cardiac", "drowning"]
    for case in cases:
        assert case.mask is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.geometry.same_as(mask.geometry)
        assert set(np.unique(mask.array)) == ({0, 1} if case.label == "drowning" else {0})
    with pytest.raises(InputError, match=r"got thin; expected one of low-dose, sharp-kernel, thick; .*'thick'"):
        write_cohort(tmp_path / "other", 1, np.random.default_rng(0), "thin")

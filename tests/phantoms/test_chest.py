"""The simulated chest CT: hard enough to mean something, right about itself, and the same for the same seed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import InputError
from lesionlab.metrics.overlap import dice, longest_diameter_mm
from lesionlab.phantoms.chest import ChestPhantom, ChestSettings, simulate_chest

#: The whole chest at half the resolution.
SMALL = ChestSettings(shape=(256, 256, 100), spacing_mm=(1.4, 1.4, 3.0), leaves=1500)
TINY = ChestSettings(shape=(64, 64, 30), spacing_mm=(5.6, 5.6, 10.0), leaves=60)


@cache
def phantom(seed: int) -> ChestPhantom:
    return simulate_chest(np.random.default_rng(seed), SMALL)


def at(case: ChestPhantom, *point_mm: float) -> float:
    """Mean HU of the 3 x 3 x 3 voxels around a point."""
    i, j, k = (round(x) for x in case.image.geometry.ras_to_index((point_mm[0], point_mm[1], point_mm[2])))
    return float(case.image.array[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].mean())


def test_the_same_seed_gives_the_same_patient_and_another_seed_another() -> None:
    one, same, other = (simulate_chest(np.random.default_rng(seed), TINY) for seed in (1, 1, 2))
    assert np.array_equal(one.image.array, same.image.array)
    assert np.array_equal(one.truth.array, same.truth.array)
    assert one.lesions == same.lesions
    assert np.abs(one.image.array.astype(int) - other.image.array).mean() > 30


def test_tissues_have_the_density_they_have_in_a_chest() -> None:
    case = phantom(0)
    assert case.image.array.dtype == np.int16
    assert at(case, 0, 150, 0) == pytest.approx(-1000, abs=25)  # air in front of the patient
    assert at(case, 1, -11, 120) == pytest.approx(-990, abs=40)  # trachea
    assert at(case, -22, -47, -30) == pytest.approx(175, abs=25)  # descending aorta
    assert at(case, 0, -66, 5) > 150  # vertebra
    assert at(case, 80, 0, -125) == pytest.approx(112, abs=25)  # liver


def test_lung_is_denser_at_the_back_where_the_patient_lies_on_it() -> None:
    case = phantom(0)
    lung = (case.image.array > -950) & (case.image.array < -700)
    j = np.arange(256)[None, :, None] * np.ones((256, 1, 100))
    front, back = (case.image.array[lung & (abs(j - middle) < 12)] for middle in (90, 160))
    assert 10 < np.median(back) - np.median(front) < 80


def test_axes_run_to_the_left_backwards_and_upwards() -> None:
    geometry = phantom(0).image.geometry
    assert np.allclose(geometry.affine[:3, :3], np.diag([-1.4, -1.4, 3.0]))
    assert geometry.index_to_ras((127.5, 127.5, 49.5)) == pytest.approx(SMALL.center_mm, abs=1e-3)


def test_what_is_said_of_a_nodule_is_true_of_its_mask() -> None:
    case = phantom(0)
    assert len(case.lesions) >= 8
    for lesion in case.lesions:
        mask = case.mask(lesion)
        i, j, k = (round(x) for x in mask.geometry.ras_to_index(lesion.point_mm))
        assert mask.array[i, j, k] == 1
        assert lesion.volume_mm3 == pytest.approx(mask.array.sum() * 1.4 * 1.4 * 3.0)
        assert lesion.diameter_mm == longest_diameter_mm(np.moveaxis(mask.array, 2, 0) > 0, (1.4, 1.4))
        assert 0.6 * lesion.nodule.size_mm < lesion.diameter_mm < 1.6 * lesion.nodule.size_mm + 2.8
        _, parts = ndimage.label(mask.array, np.ones((3, 3, 3)))
        assert parts == 1


def test_every_kind_of_nodule_has_its_density() -> None:
    found: dict[str, list[float]] = {"solid": [], "part-solid": [], "ground-glass": []}
    for seed in (0, 1):
        case = phantom(seed)
        for lesion in case.lesions:
            if lesion.diameter_mm > 10:
                found[lesion.nodule.kind].append(float(np.median(case.image.array[case.truth.array == lesion.value])))
    assert min(found["solid"]) > -80
    assert -780 < np.mean(found["ground-glass"]) < -300
    assert np.mean(found["ground-glass"]) < np.mean(found["part-solid"]) < np.mean(found["solid"])


def test_trivial_baselines_stay_well_below_a_model() -> None:
    threshold, sphere, small_sphere = [], [], []
    for seed in (0, 1):
        case = phantom(seed)
        parts, _ = ndimage.label(case.image.array > -400, np.ones((3, 3, 3)))
        i, j, k = np.indices(case.image.array.shape, dtype=np.float32)
        for lesion in case.lesions:
            truth = case.truth.array == lesion.value
            index = case.image.geometry.ras_to_index(lesion.point_mm)
            hit = parts[tuple(round(x) for x in index)]
            threshold.append(dice((parts == hit) & (hit > 0), truth))
            away = np.sqrt(((i - index[0]) * 1.4) ** 2 + ((j - index[1]) * 1.4) ** 2 + ((k - index[2]) * 3.0) ** 2)
            sphere.append(dice(away <= lesion.diameter_mm / 2, truth))
            small_sphere.append(dice(away <= 0.82 * lesion.diameter_mm / 2, truth))
    assert np.mean(threshold) < 0.45
    assert np.mean(sphere) < 0.72
    assert np.mean(small_sphere) < 0.80


def test_a_window_on_the_chest_shows_the_same_patient() -> None:
    settings = ChestSettings(
        shape=(40, 40, 20), spacing_mm=(1.4, 1.4, 3.0), center_mm=(0, -60, 0), nodules=(), leaves=60
    )
    wide = ChestSettings(shape=(80, 80, 40), spacing_mm=(1.4, 1.4, 3.0), center_mm=(0, -60, 0), nodules=(), leaves=60)
    part, whole = (simulate_chest(np.random.default_rng(5), s).image.array for s in (settings, wide))
    inner = whole[20:60, 20:60, 10:30].astype(float)
    assert np.corrcoef(part.ravel(), inner.ravel())[0, 1] > 0.98


def test_a_lattice_that_is_no_image_is_refused() -> None:
    with pytest.raises(InputError, match="lattice is too small"):
        simulate_chest(np.random.default_rng(0), ChestSettings(shape=(64, 64, 1)))

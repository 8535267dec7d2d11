"""The simulated MR angiogram: right about itself, the same for the same seed, and no job for a blob finder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.metrics.froc import Target, compare, sensitivity_at
from lesionlab.phantoms.canvas import Axes, Canvas
from lesionlab.phantoms.vessels import Angiogram, AngiogramSettings, simulate_angiogram
from lesionlab.phantoms.vessels_aneurysms import Aneurysm, paint_aneurysm
from lesionlab.phantoms.vessels_cohort import SHIFTS, draw_angiogram, write_cohort
from lesionlab.phantoms.vessels_course import Origin
from lesionlab.phantoms.vessels_tree import grow_vessels
from lesionlab.store.cases import read_cases
from tests.phantoms.blobs import marks_3d

SMALL = AngiogramSettings(shape=(120, 120, 64), spacing_mm=(0.8, 0.8, 1.0))


@cache
def angiogram(seed: int, *sizes: float) -> Angiogram:
    return simulate_angiogram(
        np.random.default_rng(seed), replace(SMALL, aneurysms=tuple(Aneurysm(size) for size in sizes))
    )


def noise(case: Angiogram) -> float:
    """Median difference between a voxel and its neighbours' mean, of the image's brightest blood."""
    values = case.image.array.astype(float)
    rest = np.abs(values - ndimage.uniform_filter(values, 3))
    return float(np.median(rest) / np.percentile(values, 99.9))


def test_the_same_seed_gives_the_same_patient_and_another_seed_another() -> None:
    one, same, other = (
        simulate_angiogram(np.random.default_rng(seed), replace(SMALL, aneurysms=(Aneurysm(6),))) for seed in (1, 1, 2)
    )
    assert one.image.array.tobytes() == same.image.array.tobytes()
    assert one.truth.array.tobytes() == same.truth.array.tobytes()
    assert one.lesions == same.lesions
    assert one.lesions != other.lesions


def test_a_free_sac_has_the_volume_and_length_that_geometry_gives() -> None:
    axes = Axes.of((0, 0, 0), (80, 80, 80), (0.4, 0.4, 0.4))
    volumes = []
    for seed in range(6):
        canvas = Canvas(axes, np.zeros(axes.shape, np.float32), 0.4)
        painted = paint_aneurysm(
            canvas, Origin((0, 0, 0), (0, 0, 1), 0.8, 1), Aneurysm(10), np.random.default_rng(seed)
        )
        assert painted is not None
        volumes.append(float(painted[1].sum()) * 0.4**3)
    # An ellipsoid of 10 mm whose other axes are 0.72 to 1 of it: 523.6 mm3 times 0.47 to 1, and the neck.
    assert min(volumes) > 0.45 * 523.6
    assert max(volumes) < 1.03 * 523.6


def test_what_is_said_of_an_aneurysm_is_true_of_its_mask() -> None:
    case = angiogram(0, 8.0, 5.0)
    assert len(case.lesions) == 2
    for lesion in case.lesions:
        inside = case.truth.array == lesion.value
        assert lesion.volume_mm3 == pytest.approx(inside.sum() * 0.8 * 0.8 * 1.0)
        center = case.truth.geometry.index_to_ras(tuple(float(c.mean()) for c in np.nonzero(inside)))  # type: ignore[arg-type]
        assert lesion.point_mm == pytest.approx(center)
        assert 0.5 * lesion.aneurysm.size_mm < lesion.diameter_mm < 1.35 * lesion.aneurysm.size_mm + 1.6
        assert ndimage.label(inside, np.ones((3, 3, 3)))[1] == 1


def test_an_aneurysm_hangs_on_a_vessel() -> None:
    for seed in range(3):
        plain, case = angiogram(seed), angiogram(seed, 7.0)
        (lesion,) = case.lesions
        near = ndimage.binary_dilation(case.truth.array == lesion.value, iterations=2)
        # The same patient without it has bright blood right beside it.
        assert plain.image.array[near].max() > 600
        inside = case.truth.array == lesion.value
        assert np.median(case.image.array[inside]) > np.median(plain.image.array[inside]) + 150


def test_clot_is_darker_than_blood_and_still_part_of_the_aneurysm() -> None:
    fills = {}
    for share in (0.0, 0.5):
        settings = replace(SMALL, aneurysms=(Aneurysm(11, 0, share),))
        case = simulate_angiogram(np.random.default_rng(3), settings)
        fills[share] = (case.lesions[0].volume_mm3, float(case.image.array[case.truth.array > 0].mean()))
    assert fills[0.5][0] == pytest.approx(fills[0.0][0], rel=0.05)
    assert fills[0.5][1] < 0.85 * fills[0.0][1]


def test_blood_is_brighter_than_fat_brain_and_fluid_in_this_order() -> None:
    values = angiogram(0).image.array
    brain = float(np.median(values[values > 150]))
    assert 250 < brain < 350
    assert np.percentile(values, 99.9) > 2.2 * brain


def test_the_circle_has_its_arteries_on_both_sides() -> None:
    tree = grow_vessels(np.random.default_rng(0), np.eye(3))
    ends = np.array([cone.end_mm for cone, _ in tree.cones])
    radii = np.array([cone.end_radius_mm for cone, _ in tree.cones])
    for side in (-1, 1):
        carotid = np.linalg.norm(ends - [side * 12, 11, -7], axis=1) < 5
        assert 1.3 < radii[carotid].max() < 2.8
        middle = np.linalg.norm(ends - [side * 28, 5, 4], axis=1) < 7
        assert 0.8 < radii[middle].max() < 1.9
    assert radii.min() < 0.5  # down to what a scanner cannot resolve
    assert len(tree.origins) > 20


def test_a_patient_without_aneurysms_has_an_empty_truth() -> None:
    case = angiogram(0)
    assert case.lesions == ()
    assert not case.truth.array.any()


def test_every_shift_changes_the_image_as_it_says() -> None:
    cases = {"usual": angiogram(1)}
    cases |= {name: simulate_angiogram(np.random.default_rng(1), shift(SMALL)) for name, shift in SHIFTS.items()}
    assert noise(cases["low-field"]) > 1.4 * noise(cases["usual"]) > 1.4 * noise(cases["high-field"])
    fade = {}
    for name, case in cases.items():
        k = case.image.array.shape[2]
        low, high = (
            np.percentile(case.image.array[:, :, part], 99.9) for part in (slice(2, k // 4), slice(-k // 4, -2))
        )
        fade[name] = float(high / low)
    assert fade["saturated"] < 0.85 * fade["usual"]
    assert SHIFTS["low-field"](AngiogramSettings()).spacing_mm == (0.8, 0.8, 1.0)
    assert SHIFTS["low-field"](AngiogramSettings()).shape == (168, 168, 63)  # the same field of view


def test_a_blob_finder_finds_few_aneurysms() -> None:
    images = []
    for seed in range(10):
        case = draw_angiogram(np.random.default_rng(seed), SMALL)
        targets = [Target(lesion.point_mm, max(lesion.diameter_mm / 2, 4.0)) for lesion in case.lesions]
        images.append(compare(marks_3d(case.image, (2.2, 3.2, 4.5), depth_mm=16), targets))
    assert sum(len(image.found) for image in images) >= 6
    assert any(not len(image.found) for image in images)
    assert sensitivity_at(images, 1.0) <= 0.6
    assert sensitivity_at(images, 0.23) <= 0.5


def test_a_cohort_lists_every_aneurysm_and_the_normals(tmp_path: Path) -> None:
    tiny = replace(SMALL, shape=(72, 72, 40), spacing_mm=(1.2, 1.2, 1.4))
    write_cohort(tmp_path / "a", 6, np.random.default_rng(5), None, tiny)
    cases = read_cases(tmp_path / "a")
    assert {case.label for case in cases} == {"aneurysm", "normal"}
    for case in cases:
        assert case.mask is not None
        mask = read_volume(case.mask)
        if case.label == "normal":
            assert case.point_mm is None
            assert not mask.array.any()
            continue
        assert case.point_mm is not None
        i, j, k = (round(x) for x in mask.geometry.ras_to_index(case.point_mm))
        assert mask.array[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].any()
    with pytest.raises(ConflictError, match="holds a cohort already"):
        write_cohort(tmp_path / "a", 1, np.random.default_rng(5), None, tiny)


def test_an_unknown_shift_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got low-feld; expected one of low-field, .*mean 'low-field'"):
        write_cohort(tmp_path, 1, np.random.default_rng(0), "low-feld")

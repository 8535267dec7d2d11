"""The simulated head: right about itself and its dose, the same for the same seed, and no job for a blob finder."""

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
from lesionlab.phantoms.brain import HeadPhantom, HeadSettings, simulate_head
from lesionlab.phantoms.brain_cohort import SHIFTS, draw_head, write_cohort
from lesionlab.phantoms.brain_dose import Shot, plan_shots, sum_dose
from lesionlab.phantoms.brain_metastases import Metastasis, paint_metastasis
from lesionlab.phantoms.brain_tissue import Levels
from lesionlab.phantoms.canvas import Axes, Canvas
from lesionlab.store.cases import read_cases
from lesionlab.store.weak_files import read_weak_folder
from lesionlab.weak.dose import read_dose
from lesionlab.weak.label import Isodose
from lesionlab.weak.target import target
from tests.phantoms.blobs import marks_3d

SMALL = HeadSettings(shape=(96, 114, 72), spacing_mm=(1.9, 1.9, 1.9))


@cache
def head(seed: int, *sizes: float) -> HeadPhantom:
    settings = replace(SMALL, metastases=tuple(Metastasis(size) for size in sizes))
    return simulate_head(np.random.default_rng(seed), settings)


def noise(case: HeadPhantom) -> float:
    """Median difference between a voxel and its neighbours' mean in the air."""
    values = case.image.array[:4].astype(float)
    return float(np.median(np.abs(values - ndimage.uniform_filter(values, 3))))


def test_the_same_seed_gives_the_same_patient_and_another_seed_another() -> None:
    settings = replace(SMALL, metastases=(Metastasis(12),))
    one, same, other = (simulate_head(np.random.default_rng(seed), settings) for seed in (1, 1, 2))
    assert one.image.array.tobytes() == same.image.array.tobytes()
    assert one.truth.array.tobytes() == same.truth.array.tobytes()
    assert one.dose.array.tobytes() == same.dose.array.tobytes()
    assert one.lesions == same.lesions
    assert one.lesions != other.lesions


@pytest.mark.parametrize("form", ["solid", "ring"])
def test_a_metastasis_has_the_volume_and_signal_that_it_says(form: str) -> None:
    axes = Axes.of((0, 0, 0), (60, 60, 60), (0.6, 0.6, 0.6))
    volumes, middles, rims = [], [], []
    for seed in range(6):
        canvas = Canvas(axes, np.full(axes.shape, 0.5, np.float32), 0.6)
        wanted = Metastasis(16, "ring" if form == "ring" else "solid", 0.9)
        painted = paint_metastasis(canvas, wanted, (0, 0, 0), Levels(), np.random.default_rng(seed))
        assert painted is not None
        box, inside = painted
        volumes.append(float(inside.sum()) * 0.6**3)
        depth = ndimage.distance_transform_edt(inside) * 0.6
        middles.append(canvas.hu[box][depth > 5].mean())
        rims.append(canvas.hu[box][(depth > 0.7) & (depth < 1.1)].mean())
    # A ball of 16 mm has 2145 mm3; the other two axes are 0.72 to 1 of it.
    assert min(volumes) > 0.46 * 2145
    assert max(volumes) < 1.03 * 2145
    assert np.mean(rims) > 0.7
    assert np.mean(middles) < 0.5 if form == "ring" else np.mean(middles) > 0.75


def test_what_is_said_of_a_metastasis_is_true_of_its_mask() -> None:
    case = head(0, 18.0, 10.0, 6.0)
    assert len(case.lesions) == 3
    for lesion in case.lesions:
        inside = case.truth.array == lesion.value
        assert lesion.volume_mm3 == pytest.approx(inside.sum() * 1.9**3)
        assert 0.6 * lesion.metastasis.size_mm < lesion.diameter_mm < lesion.metastasis.size_mm * 1.15 + 2 * 1.9
        assert ndimage.label(inside, np.ones((3, 3, 3)))[1] == 1
        around = ndimage.binary_dilation(inside, iterations=3) & ~ndimage.binary_dilation(inside, iterations=1)
        assert np.median(case.image.array[inside]) > 1.2 * np.median(case.image.array[around])


def test_tissues_have_the_order_they_have_on_a_t1_image() -> None:
    case = head(3)

    def at(r: float, a: float, s: float) -> float:
        i, j, k = (round(x) for x in case.image.geometry.ras_to_index((r, a, s)))
        return float(np.median(case.image.array[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2]))

    air, ventricle, white = at(-86, 60, 40), at(6.5, 0, 12), at(30, 0, 24)
    assert air < 0.3 * white
    assert ventricle < 0.75 * white
    assert np.percentile(case.image.array, 99.9) > 1.6 * white  # sinuses


def test_one_shot_gives_half_its_dose_at_its_half_width() -> None:
    axes = Axes.of((0, 0, 0), (41, 41, 41), (1.0, 1.0, 1.0))
    dose = Shot((0, 0, 0), 8.0).dose(axes)
    assert dose[20, 20, 20] == pytest.approx(1.0)
    assert dose[20, 20, 28] == pytest.approx(0.5)
    assert dose[20, 20, 36] == pytest.approx(0.97 / 17 + 0.03 / (1 + 2**1.5))  # twice as far


def test_a_plan_covers_most_of_a_lesion_and_spills_out_of_it() -> None:
    axes = Axes.of((0, 0, 0), (60, 60, 60), (0.8, 0.8, 0.8))
    many, coverage, spill = [], [], []
    for seed, half in enumerate([(2.0, 2.0, 2.0), (5.0, 4.0, 4.0), (10.0, 7.0, 7.5), (9.0, 9.0, 6.0)]):
        inside = (axes.r / half[0]) ** 2 + (axes.a / half[1]) ** 2 + (axes.s / half[2]) ** 2 < 1
        shots = plan_shots(np.random.default_rng(seed), axes, inside)
        dose = sum_dose([shots], axes, 20.0)
        assert dose.max() == pytest.approx(40.0, rel=0.06)
        treated = dose >= 20
        many.append(len(shots))
        coverage.append(float((treated & inside).sum() / inside.sum()))
        spill.append(float((treated & ~inside).sum() / treated.sum()))
    assert many[0] == 1
    assert max(many) > 2
    assert min(coverage) > 0.72
    assert min(coverage) < 0.995  # no plan is perfect
    assert all(0.03 < share < 0.85 for share in spill)


def test_a_patient_without_metastases_has_an_empty_truth_and_no_dose() -> None:
    case = head(0)
    assert case.lesions == ()
    assert not case.truth.array.any()
    assert not case.dose.array.any()


def test_every_shift_changes_the_image_as_it_says() -> None:
    settings = replace(SMALL, metastases=(Metastasis(16),))
    usual = simulate_head(np.random.default_rng(2), settings)
    shifted = {name: simulate_head(np.random.default_rng(2), shift(settings)) for name, shift in SHIFTS.items()}
    assert noise(shifted["low-field"]) > 1.8 * noise(usual)
    # Sinuses and arteries are what is brightest, but for the scalp's fat.
    inner = (slice(30, 66), slice(35, 85), slice(10, 60))
    assert np.percentile(shifted["spin-echo"].image.array[inner], 99.5) < 0.9 * np.percentile(
        usual.image.array[inner], 99.5
    )
    assert shifted["thick"].image.geometry.spacing_mm == pytest.approx((1.9, 1.9, 3.0))
    assert shifted["thick"].image.geometry.shape == (96, 114, 46)  # 72 x 1.9 mm

    def lesion(case: HeadPhantom) -> float:
        return float(case.image.array[case.truth.array > 0].mean())

    assert lesion(shifted["low-contrast"]) < 0.9 * lesion(usual)


def test_a_blob_finder_finds_few_metastases() -> None:
    images = []
    for seed in range(6):
        case = draw_head(np.random.default_rng(seed + 10), SMALL)
        targets = [Target(lesion.point_mm, max(lesion.diameter_mm / 2, 4.0)) for lesion in case.lesions]
        images.append(compare(marks_3d(case.image, (1.6, 2.4, 3.6), depth_mm=24), targets))
    assert sum(len(image.found) for image in images) >= 10
    assert sensitivity_at(images, 1.0) <= 0.4


def test_a_cohort_lists_every_metastasis_and_its_dose_marks_it(tmp_path: Path) -> None:
    write_cohort(tmp_path / "a", 4, np.random.default_rng(5), None, SMALL)
    cases = read_cases(tmp_path / "a")
    assert len({case.patient for case in cases}) == 4
    labels = {label.image: label for label in read_weak_folder(tmp_path / "a") if isinstance(label, Isodose)}
    marked = [case for case in cases if case.point_mm is not None]
    assert marked
    assert set(labels) == {case.patient for case in marked}
    for case in marked:
        assert case.mask is not None
        assert case.point_mm is not None
        mask = read_volume(case.mask)
        dose, unit = read_dose(labels[case.patient].dose)
        plain = read_volume(tmp_path / "a/labels/dose" / f"{case.patient}.nii.gz")
        assert unit == "gy"
        assert dose.geometry.same_as(plain.geometry)
        assert np.allclose(dose.array, plain.array, atol=0.006)
        i, j, k = (round(x) for x in dose.geometry.ras_to_index(case.point_mm))
        assert dose.array[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].max() > 20
        treated = target(Isodose(dose=labels[case.patient].dose, level=20.0, unit="gy"), mask.geometry).part
        assert treated is not None


def test_a_cohort_is_never_written_over_and_shifts_have_names(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("image\n")
    with pytest.raises(ConflictError, match="holds a cohort already"):
        write_cohort(tmp_path, 1, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"got thik; expected one of spin-echo, .*mean 'thick'"):
        write_cohort(tmp_path / "b", 1, np.random.default_rng(0), "thik")

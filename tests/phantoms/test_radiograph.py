"""The simulated chest radiograph: right about itself, the same for the same seed, and no job for a blob finder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.metrics.froc import Target, compare, sensitivity_at
from lesionlab.phantoms.canvas import Axes
from lesionlab.phantoms.radiograph import Detector, Radiograph, Stance, simulate_radiograph
from lesionlab.phantoms.radiograph_body import Body, Mass, simulate_body
from lesionlab.phantoms.radiograph_cohort import SHIFTS, draw_radiograph, write_cohort
from lesionlab.store.cases import read_cases
from tests.phantoms.blobs import marks_2d


@cache
def body(seed: int) -> Body:
    return simulate_body(np.random.default_rng(seed), (136, 60, 122), (2.8, 4.4, 2.8), 600)


def box_of_lung() -> Body:
    """Nothing but lung, so that sizes can be worked out by hand."""
    axes = Axes.of((0, 0, 0), (160, 60, 160), (2.0, 3.0, 2.0))
    middle = (np.abs(axes.r) < 80) & (np.abs(axes.s) < 80) & (np.abs(axes.a) < 60)
    return Body(axes, np.full(axes.shape, 0.004, np.float32), np.asarray(middle))


def picture(seed: int, masses: tuple[Mass, ...] = (), detector: Detector | None = None) -> Radiograph:
    return simulate_radiograph(np.random.default_rng(seed), body(0), masses, detector)


def lung_against_heart(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """How much brighter the middle is than both lungs, of the picture's own range."""
    high, wide = image.shape
    rows = slice(int(0.4 * high), int(0.6 * high))
    lungs = [image[rows, int(a * wide) : int((a + 0.1) * wide)].mean() for a in (0.22, 0.68)]
    heart = image[rows, int(0.46 * wide) : int(0.54 * wide)].mean()
    return float(heart - np.mean(lungs)) / 245


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    one, same, other = (picture(seed, (Mass(30, "smooth"),)) for seed in (1, 1, 2))
    assert one.image.tobytes() == same.image.tobytes()
    assert one.findings == same.findings
    assert one.findings != other.findings


@pytest.mark.parametrize("size_mm", [20.0, 40.0])
def test_a_mass_in_a_straight_view_is_as_long_as_geometry_says(size_mm: float) -> None:
    straight = Stance(field_mm=(256.0, 256.0))  # 0.5 mm a pixel
    found = simulate_radiograph(
        np.random.default_rng(3), box_of_lung(), (Mass(size_mm, "smooth"),), Detector(distance_mm=20000), straight
    )
    assert found.image.shape == (512, 512)
    assert found.millimetres_per_pixel == 0.5
    assert found.findings[0].size == pytest.approx(2 * size_mm, rel=0.06)


def test_what_is_nearer_to_the_tube_is_drawn_larger() -> None:
    straight = Stance(field_mm=(256.0, 256.0))
    sizes = {}
    for frontal in (True, False):
        front = box_of_lung()
        front.lung[:, 20:] = False  # 30 mm and more before the middle: nearer to the detector when the chest faces it
        detector = Detector(distance_mm=750, frontal=frontal)
        found = simulate_radiograph(np.random.default_rng(5), front, (Mass(30, "smooth"),), detector, straight)
        sizes[frontal] = found.findings[0].size
    # At about 60 mm before the middle, 600 mm from the tube: 600 / 660 against 600 / 540.
    assert sizes[False] / sizes[True] == pytest.approx(660 / 540, rel=0.08)


def test_a_mass_makes_its_circle_brighter_and_nothing_else() -> None:
    detector = Detector(quanta=1e9)
    with_mass, without = picture(4, (Mass(45, "smooth", 1.2),), detector), picture(4, (), detector)
    (mass,) = with_mass.findings
    y, x = np.indices(without.image.shape)
    away = np.hypot(x - mass.x, y - mass.y)
    change = with_mass.image.astype(int) - without.image
    assert change[away < mass.size * 0.25].mean() > 8
    assert np.abs(change[away > mass.size]).mean() < 2


def test_a_picture_without_masses_has_no_findings() -> None:
    assert picture(6).findings == ()


def test_lungs_are_dark_and_the_heart_is_bright() -> None:
    assert lung_against_heart(picture(0).image) > 0.2


def test_every_shift_changes_the_picture_as_it_says() -> None:
    usual = Detector()
    shown = {name: picture(0, (), d).image for name, d in {"usual": usual, **SHIFTS}.items()}
    noise = {
        name: float(np.median(np.abs(i - ndimage.uniform_filter(i.astype(float), 3)))) for name, i in shown.items()
    }
    assert noise["bedside"] > 1.3 * noise["usual"]
    fine = {
        name: float((ndimage.gaussian_filter(i.astype(float), 1.5) - ndimage.gaussian_filter(i.astype(float), 4)).std())
        for name, i in shown.items()
    }
    assert fine["film"] < fine["usual"] < fine["enhanced"]
    assert shown["film"].mean() < shown["usual"].mean()  # its curve shows what is thin darker


def test_a_blob_finder_finds_few_masses() -> None:
    images = []
    for seed in range(3):
        for number in range(6):
            shot = draw_radiograph(np.random.default_rng((seed, number)), body(seed))
            values = shot.image.astype(np.float32)
            around = ndimage.gaussian_filter(values, 25)
            spread = np.sqrt(ndimage.gaussian_filter((values - around) ** 2, 25)) + 3
            marks = marks_2d((values - around) / spread, (7, 10, 14), margin=0.17)
            images.append(compare(marks, [Target((-f.x, -f.y, 0.0), f.size / 2) for f in shot.findings]))
    assert sum(len(image.found) for image in images) >= 12
    assert sensitivity_at(images, 1.0) <= 0.5


def test_a_cohort_lists_every_mass_and_keeps_a_patients_pictures_together(tmp_path: Path) -> None:
    write_cohort(tmp_path / "a", 6, np.random.default_rng(1), draw_body=lambda _: body(0))
    cases = read_cases(tmp_path / "a")
    patients = {case.image.name: case.patient for case in cases}
    assert [patients[f"radiograph-{n:04d}.png"] for n in range(1, 7)] == ["patient-0001"] * 5 + ["patient-0002"]
    for case in cases:
        if case.label == "normal":
            assert case.point_mm is None
            continue
        assert case.point_mm is not None
        assert case.size_mm is not None
        i, j, k = read_volume(case.image).geometry.ras_to_index(case.point_mm)
        shape = read_volume(case.image).geometry.shape
        assert case.size_mm / 2 < i < shape[0] - case.size_mm / 2
        assert case.size_mm / 2 - 1 < j < shape[1] - case.size_mm / 2 + 1
        assert k == pytest.approx(0)
    with pytest.raises(ConflictError, match="holds a cohort already"):
        write_cohort(tmp_path / "a", 1, np.random.default_rng(1))


def test_an_unknown_shift_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got bedsite; expected one of bedside, film, enhanced; .*'bedside'"):
        write_cohort(tmp_path, 1, np.random.default_rng(0), "bedsite")


def test_a_detector_within_the_patient_is_refused() -> None:
    with pytest.raises(InputError, match="stands in the patient"):
        picture(0, (), Detector(distance_mm=100))

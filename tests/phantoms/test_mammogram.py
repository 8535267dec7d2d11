"""The simulated mammogram: right about itself, the same for the same seed, and no job for a blob finder."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.metrics.froc import Target, compare, sensitivity_at
from lesionlab.phantoms.mammogram import EDGE, Film, Mammogram, Mass, power_law, simulate_mammogram
from lesionlab.phantoms.mammogram_calcifications import Cluster
from lesionlab.phantoms.mammogram_cohort import CLUSTER, SHIFTS, write_cohort
from lesionlab.store.cases import read_cases
from tests.phantoms.blobs import marks_2d

PLAIN = Film(gamma=1.0, noise=0.0, blur=0.5)


@cache
def view(seed: int, size: float = 60.0, contrast: float = 60.0, film: Film = PLAIN) -> Mammogram:
    masses = (Mass(size, "round", contrast),) if size else ()
    return simulate_mammogram(np.random.default_rng(seed), masses, film)


def fine(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Median difference between a pixel of the breast and its neighbours' mean: noise."""
    values = image.astype(float)
    rest = values - ndimage.uniform_filter(values, 3)
    return float(np.median(np.abs(rest[ndimage.binary_erosion(image > 60, iterations=8)])))


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    masses = (Mass(40, "spiculated", 50), Mass(30, "lobulated", 50))
    one, same, other = (simulate_mammogram(np.random.default_rng(seed), masses) for seed in (1, 1, 2))
    assert one.image.tobytes() == same.image.tobytes()
    assert one.findings == same.findings
    assert one.findings != other.findings


def test_a_round_mass_is_as_long_as_it_says() -> None:
    found = view(3)
    (mass,) = found.findings
    assert mass.size == 60
    without = simulate_mammogram(np.random.default_rng(3), (Mass(60.0, "round", 0.0),), PLAIN)
    change = found.image.astype(int) - without.image
    rows, columns = np.nonzero(change > 0.2 * change.max())
    long = max(np.ptp(rows), np.ptp(columns)) + 1
    assert long == pytest.approx(0.95 * 60, rel=0.15)  # its border waves about 0.95 of the size
    assert (rows.mean(), columns.mean()) == pytest.approx((mass.y, mass.x), abs=6)


def test_a_mass_lies_whole_in_the_breast_and_off_the_others() -> None:
    masses = tuple(Mass(float(size), "round", 40) for size in (70, 40, 30))
    for seed in range(4):
        found = simulate_mammogram(np.random.default_rng(seed), masses, PLAIN).findings
        assert len(found) >= 2
        for n, one in enumerate(found):
            assert 0 < one.x < EDGE
            assert 0 < one.y < EDGE
            for other in found[:n]:
                assert np.hypot(one.x - other.x, one.y - other.y) > 0.7 * (one.size + other.size)


def test_a_picture_without_masses_has_no_findings() -> None:
    assert view(1, size=0.0).findings == ()


def test_power_law_noise_falls_with_the_exponent_that_is_asked_for() -> None:
    field = power_law(np.random.default_rng(0), 3.0)
    assert (float(field.mean()), float(field.std())) == pytest.approx((0, 1), abs=1e-3)
    power = np.abs(np.fft.rfft2(field)) ** 2
    f = np.hypot(np.fft.fftfreq(EDGE)[:, None], np.fft.rfftfreq(EDGE)[None])
    levels = [power[(f > low) & (f < 1.5 * low)].mean() for low in (0.02, 0.2)]
    assert np.log10(levels[0] / levels[1]) == pytest.approx(3.0, abs=0.15)


def test_digital_is_cleaner_and_old_film_noisier_than_usual() -> None:
    usual, digital, old = (
        simulate_mammogram(np.random.default_rng(2), (), film).image
        for film in (Film(noise=2.5), SHIFTS["digital"], SHIFTS["old-film"])
    )
    assert fine(digital) < 0.8 * fine(usual)
    assert fine(old) > 1.5 * fine(usual)
    breast = digital > 60
    assert digital[breast].mean() > usual[breast].mean() > old[breast].mean()  # their curves


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mammograms") / "cohort"
    write_cohort(folder, 24, np.random.default_rng(7))
    return folder


@pytest.mark.parametrize(
    ("clusters", "fewest", "scales", "most"),
    [(False, 12, (6, 9, 14, 20), 0.6), (True, 5, (1.0, 1.6), 0.5), (True, 5, (6, 9, 14), 0.5)],
)
def test_a_blob_finder_finds_few_lesions(
    cohort: Path, clusters: bool, fewest: int, scales: tuple[float, ...], most: float
) -> None:
    shown: dict[Path, list[Target]] = {}
    for case in read_cases(cohort):
        targets = shown.setdefault(case.image, [])
        if (case.label == CLUSTER) == clusters and case.point_mm is not None and case.size_mm is not None:
            targets.append(Target(case.point_mm, case.size_mm / 2))
    images = []
    for path, targets in shown.items():
        values = read_volume(path).array[:, :, 0].T
        images.append(compare(marks_2d(values, scales), targets))
    assert sum(not targets for targets in shown.values()) >= 2
    assert sum(len(targets) for targets in shown.values()) >= fewest
    assert sensitivity_at(images, 1.0) <= most


def test_a_cohort_is_never_written_over_and_shifts_have_names(tmp_path: Path) -> None:
    write_cohort(tmp_path, 1, np.random.default_rng(0))
    with pytest.raises(ConflictError, match="holds a cohort already"):
        write_cohort(tmp_path, 1, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"got digitale; expected one of digital, old-film; .*'digital'"):
        write_cohort(tmp_path / "other", 1, np.random.default_rng(0), "digitale")


def calcium(seed: int, *clusters: Cluster) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """What calcium adds to a picture, in grey levels."""
    with_it, without = (
        simulate_mammogram(np.random.default_rng(seed), (), PLAIN, given).image.astype(float)
        for given in (clusters, None)
    )
    return np.asarray(with_it - without)


def test_a_cluster_lies_where_it_says_and_is_as_large() -> None:
    found = simulate_mammogram(np.random.default_rng(5), (), PLAIN, (Cluster(40.0, 14, 120.0),))
    (cluster,) = found.clusters
    added = calcium(5, Cluster(40.0, 14, 120.0))
    y, x = np.nonzero(added > 12)
    near = np.hypot(y - cluster.y, x - cluster.x) < 25
    places = np.column_stack([y[near], x[near]])
    longest = max(np.linalg.norm(a - b) for a, b in combinations(places, 2))
    assert ndimage.label(added[int(cluster.y) - 25 : int(cluster.y) + 25, :] > 12)[1] >= 5
    assert longest == pytest.approx(40, abs=5)


def test_specks_that_form_no_cluster_are_far_apart_or_in_a_line() -> None:
    empty = sum(not simulate_mammogram(np.random.default_rng(n), (), PLAIN, ()).clusters for n in range(3))
    assert empty == 3
    assert max(float(calcium(n).max()) for n in range(3)) > 15  # but there are specks


def test_the_breast_is_the_same_with_and_without_calcium() -> None:
    added = calcium(8, Cluster(30.0, 10, 90.0))
    assert float(np.mean(added == 0)) > 0.97

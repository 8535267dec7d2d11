"""Points on simulated mammograms: at masses, and where dense tissue looks like one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.mammogram import Finding, simulate_mammogram
from lesionlab.phantoms.mammogram_patches_cohort import dense_spots, far_apart, write_cohort
from lesionlab.store.cases import Case, read_cases
from tests.phantoms.baselines import around, baselines


def near_mask(case: Case) -> bool:
    """Whether a mass lies within 10 pixels of the point."""
    assert case.mask is not None
    assert case.point_mm is not None
    mask = read_volume(case.mask)
    x, y, _ = (round(c) for c in mask.geometry.ras_to_index(case.point_mm))
    return bool(mask.array[max(x - 10, 0) : x + 11, max(y - 10, 0) : y + 11].any())


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    folder = tmp_path_factory.mktemp("patches")
    write_cohort(folder, 44, np.random.default_rng(5))
    return read_cases(folder)


def test_points_lie_at_masses_or_far_from_them_and_have_no_size(cases: tuple[Case, ...]) -> None:
    assert len(cases) == 44
    assert {case.label for case in cases} == {"mass", "normal"}
    assert 0.3 < np.mean([case.label == "mass" for case in cases]) < 0.7
    for case in cases:
        assert case.size_mm is None
        assert near_mask(case) == (case.label == "mass")


def test_a_spot_near_a_stronger_one_is_left_out_but_not_one_near_a_spot_that_is() -> None:
    # In a row, 4 apart: the second is near the strongest, and the third near the second only.
    row = [(1.0, 8.0, 0.0), (3.0, 0.0, 0.0), (2.0, 4.0, 0.0)]
    assert far_apart(row, 5.0) == [(0.0, 0.0), (8.0, 0.0)]
    assert far_apart(row, 4.0) == [(0.0, 0.0), (8.0, 0.0)]  # at the distance itself is too near
    assert far_apart(row, 3.9) == [(0.0, 0.0), (4.0, 0.0), (8.0, 0.0)]


def test_normal_points_are_dense_spots_off_the_masses() -> None:
    image = np.full((512, 512), 60, dtype=np.uint8)
    image[:, 400:] = 0
    y, x = np.indices(image.shape)
    for at in (150, 330):
        image[np.hypot(x - 200, y - at) < 18] = 120
    assert [tuple(round(c / 10) for c in spot) for spot in dense_spots(image, ())[:2]] in (
        [(20, 15), (20, 33)],
        [(20, 33), (20, 15)],
    )
    (left,) = [spot for spot in dense_spots(image, (Finding(200, 330, 40, "round"),)) if abs(spot[0] - 200) < 20]
    assert left[1] == pytest.approx(150, abs=8)


def test_every_picture_has_hard_normal_tissue() -> None:
    for seed in range(3):
        assert dense_spots(simulate_mammogram(np.random.default_rng(seed), ()).image, ())


def test_mean_histogram_and_blobs_around_the_point_do_not_tell_the_class(cases: tuple[Case, ...]) -> None:
    patches = [around(read_volume(case.image).array[:, :, 0], case, 64) for case in cases]
    assert baselines(patches, [case.label for case in cases]).best <= 0.75


def test_the_same_seed_gives_the_same_points(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_cohort(tmp_path / name, 3, np.random.default_rng(1), "digital")
    assert (tmp_path / "a/cases.csv").read_text() == (tmp_path / "b/cases.csv").read_text()
    with pytest.raises(InputError, match=r"got digitale; expected one of digital, old-film; .*'digital'"):
        write_cohort(tmp_path / "c", 1, np.random.default_rng(0), "digitale")

"""The cohort of simulated lesions that ``lesionlab phantom lesion_shape`` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import read_volume
from lesionlab.image.volume import Volume
from lesionlab.phantoms.chest import ChestSettings
from lesionlab.phantoms.chest_cohort import SHIFTS, write_cohort
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.lesions import lesions_of

SMALL = ChestSettings(shape=(80, 80, 40), spacing_mm=(1.8, 1.8, 3.5), leaves=200)


def cohort(folder: Path, shift: str | None = None, cases: int = 2) -> tuple[Case, ...]:
    write_cohort(folder, cases, np.random.default_rng(4), shift, SMALL)
    return read_cases(folder)


def volumes(case: Case) -> tuple[Volume, Volume]:
    assert case.mask is not None
    return read_volume(case.image), read_volume(case.mask)


def test_every_point_lies_in_a_lesion_of_the_mask(tmp_path: Path) -> None:
    cases = cohort(tmp_path / "new")
    assert {case.patient for case in cases} == {"chest-0001", "chest-0002"}
    for case in cases:
        image, mask = volumes(case)
        assert image.geometry.same_as(mask.geometry)
        assert set(np.unique(mask.array)) == {0, 1}
        assert case.point_mm is not None
        assert case.size_mm is not None
        (lesion,) = lesions_of(mask, [case.point_mm], reach_mm=0.5)
        # No lesion is longer, corner to corner, than the box it lies in.
        box = np.asarray(lesion.mask.array.shape[:2]) * 1.8
        assert box.max() * 0.9 <= case.size_mm <= np.hypot(*box) + 0.01


def test_the_same_seed_gives_the_same_cohort(tmp_path: Path) -> None:
    one, two = cohort(tmp_path / "a", cases=1), cohort(tmp_path / "b", cases=1)
    assert (tmp_path / "a/cases.csv").read_text() == (tmp_path / "b/cases.csv").read_text()
    assert np.array_equal(volumes(one[0])[0].array, volumes(two[0])[0].array)


def noise(volume: Volume) -> float:
    """Spread between neighbouring slices' voxels, which anatomy shares and noise does not."""
    return float(np.median(np.abs(np.diff(volume.array.astype(float), axis=0))))


def test_low_dose_is_noisier_and_a_soft_kernel_smoother(tmp_path: Path) -> None:
    level = {
        name: noise(volumes(cohort(tmp_path / str(name), name, 1)[0])[0]) for name in (None, "low-dose", "soft-kernel")
    }
    assert level["low-dose"] > 1.6 * level[None] > 1.6 * 1.3 * level["soft-kernel"]


def test_thick_slices_are_five_millimetres(tmp_path: Path) -> None:
    image, _ = volumes(cohort(tmp_path, "thick", 1)[0])
    assert image.geometry.spacing_mm == pytest.approx((1.8, 1.8, 5.0))
    assert image.geometry.shape == (80, 80, 28)


def test_flipped_axes_show_the_same_patient_in_the_same_place(tmp_path: Path) -> None:
    plain, flipped = cohort(tmp_path / "a", None, 1), cohort(tmp_path / "b", "flipped", 1)
    assert [case.point_mm for case in plain] == [case.point_mm for case in flipped]
    (one, _), (two, mask) = volumes(plain[0]), volumes(flipped[0])
    assert two.geometry.shape == (40, 80, 80)
    rng = np.random.default_rng(0)
    for a, b, c in rng.integers(0, (80, 80, 40), (50, 3)):
        i, j, k = (round(x) for x in two.geometry.ras_to_index(one.geometry.index_to_ras((a, b, c))))
        assert two.array[i, j, k] == one.array[a, b, c]
    assert plain[0].point_mm is not None
    assert lesions_of(mask, [plain[0].point_mm], reach_mm=0.5)


def test_an_unknown_shift_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such shift; got low-doze; expected one of low-dose, .*mean 'low-dose'"):
        cohort(tmp_path, "low-doze")
    assert set(SHIFTS) == {"low-dose", "soft-kernel", "thick", "flipped"}


def test_a_cohort_is_never_written_over(tmp_path: Path) -> None:
    cohort(tmp_path, cases=1)
    with pytest.raises(ConflictError, match="holds a cohort already"):
        cohort(tmp_path, cases=1)

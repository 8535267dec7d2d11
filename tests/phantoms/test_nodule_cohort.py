"""A pool of unequal kinds of nodules, some of them outlined by a rule of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.nodule_cohort import STRATA, outlined, write_cohort
from lesionlab.store.cases import read_cases


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("nodules")
    write_cohort(out, 5, np.random.default_rng(6), "even")
    return out


def test_shares_are_those_of_a_pool() -> None:
    assert sum(stratum.share for stratum in STRATA.values()) == pytest.approx(1)
    assert min(stratum.share for stratum in STRATA.values()) * 40 >= 3


def test_every_case_has_an_image_a_mask_a_point_in_it_and_its_kind(cohort: Path) -> None:
    for case in read_cases(cohort):
        assert case.mask is not None
        assert case.point_mm is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.geometry.same_as(mask.geometry, 1e-3)
        i, j, k = (round(x) for x in mask.geometry.ras_to_index(case.point_mm))
        assert mask.array[i, j, k] == 1
        assert case.label in STRATA


def test_sizes_are_the_whole_nodules_also_where_only_the_core_is_outlined(cohort: Path) -> None:
    for case in read_cases(cohort):
        assert case.mask is not None
        assert case.size_mm is not None
        mask = read_volume(case.mask)
        found = longest_diameter_mm(np.moveaxis(mask.array, 2, 0) > 0, mask.geometry.spacing_mm[:2])
        margin = STRATA[case.label].margin
        # A margin on both sides; a bumpy outline shrinks a little more than a ball.
        assert found / case.size_mm == pytest.approx(1 + 2 * margin, abs=0.16)


def test_a_margin_adds_to_every_side_in_millimetres() -> None:
    mask = np.zeros((41, 41, 21), np.uint8)
    mask[20, 20, 10] = 1
    ball = Volume(mask, Geometry(mask.shape, np.diag([1.0, 1.0, 2.0, 1.0])))
    grown = outlined(ball, 6.0)
    assert (int(grown.array[:, 20, 10].sum()), int(grown.array[20, 20, :].sum())) == (13, 7)
    # Six millimetres off a ball of radius 6 leave its middle at most.
    assert outlined(grown, -5.9).array.sum() <= 3
    assert np.array_equal(outlined(grown, 0.0).array, grown.array)


def test_the_same_seed_gives_the_same_cohort(cohort: Path, tmp_path: Path) -> None:
    write_cohort(tmp_path / "again", 1, np.random.default_rng(9), None)
    write_cohort(tmp_path / "more", 1, np.random.default_rng(9), None)
    one, two = (read_volume(tmp_path / name / "nodule-0001.nii") for name in ("again", "more"))
    assert np.array_equal(one.array, two.array)
    with pytest.raises(InputError, match="even"):
        write_cohort(tmp_path / "x", 1, np.random.default_rng(0), "evne")

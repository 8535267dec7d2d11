"""The simulated examination: a cancer is seen in both views of its breast, in the same place."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.phantoms.examination import COLUMNS, ROWS, VIEWS, Examination, simulate_examination
from lesionlab.phantoms.examination_cohort import SHIFTS, write_cohort
from lesionlab.store.cases import read_cases
from tests.phantoms.baselines import baselines


@cache
def seen(seed: int, malignant: bool) -> Examination:
    return simulate_examination(np.random.default_rng(seed), malignant)


def nipple(view: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], side: str) -> int:
    """The breast's outermost column."""
    columns = np.flatnonzero((view > 25).sum(axis=0) > 3)
    return int(columns.min() if side == "R" else columns.max())


def test_the_same_seed_gives_the_same_examination_and_another_seed_another() -> None:
    one, same = seen(1, True), simulate_examination(np.random.default_rng(1), True)
    assert one.image.shape == (len(VIEWS), ROWS, COLUMNS)
    assert one.image.tobytes() == same.image.tobytes()
    assert one.image.tobytes() != seen(2, True).image.tobytes()


def test_a_cancer_lies_in_both_views_of_one_breast_equally_far_from_the_nipple() -> None:
    for seed in range(5):
        examination = seen(seed, True)
        shown = [n for n in range(4) if examination.region[n].any()]
        assert len(shown) == 2
        (side, other), views = {VIEWS[n][0] for n in shown} | {""}, {VIEWS[n][1] for n in shown}
        side = side or other
        assert views == {"CC", "MLO"}
        behind = [abs(np.nonzero(examination.region[n])[1].mean() - nipple(examination.image[n], side)) for n in shown]
        assert behind[0] == pytest.approx(behind[1], abs=25)


def test_a_benign_examination_has_no_cancer() -> None:
    assert not any(seen(seed, False).region.any() for seed in range(3))


def test_breasts_are_hung_back_to_back() -> None:
    image = seen(3, False).image
    for n, (side, _) in enumerate(VIEWS):
        left, right = image[n][:, :40].mean(), image[n][:, -40:].mean()
        assert (right > left) == (side == "R")


def test_both_breasts_are_alike() -> None:
    alike, unlike = [], []
    for seed in range(4):
        right, left = seen(seed, False).image[0][:, ::-1], seen(seed, False).image[1]
        stranger = seen(seed + 10, False).image[1]
        inside = (right > 40) & (left > 40) & (stranger > 40)
        alike.append(np.corrcoef(right[inside], left[inside])[0, 1])
        unlike.append(np.corrcoef(right[inside], stranger[inside])[0, 1])
    assert np.mean(alike) > np.mean(unlike) + 0.2


def test_mean_histogram_and_blobs_do_not_tell_the_class() -> None:
    labels = ["malignant", "benign"] * 16
    images = [seen(100 + n, label == "malignant").image for n, label in enumerate(labels)]
    assert baselines(images, labels).best <= 0.75


def test_digital_is_brighter_than_old_film() -> None:
    digital, old = (simulate_examination(np.random.default_rng(3), True, film).image for film in SHIFTS.values())
    assert digital.mean() > 1.2 * old.mean()


def test_a_cohort_holds_four_views_in_one_image(tmp_path: Path) -> None:
    write_cohort(tmp_path, 2, np.random.default_rng(0))
    cases = read_cases(tmp_path)
    assert [case.label for case in cases] == ["benign", "malignant"]
    for case in cases:
        assert case.mask is not None
        image, mask = read_volume(case.image), read_volume(case.mask)
        assert image.array.shape == (COLUMNS, ROWS, 4)
        assert image.geometry.same_as(mask.geometry)
        assert image.geometry.index_to_ras((7, 5, 0)) == (-7, -5, 0)  # as a picture's pixels lie
        assert mask.array.any() == (case.label == "malignant")
    with pytest.raises(InputError, match=r"got digitale; expected one of digital, old-film; .*'digital'"):
        write_cohort(tmp_path / "other", 1, np.random.default_rng(0), "digitale")

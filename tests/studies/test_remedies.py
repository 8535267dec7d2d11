"""The parts of the remedies, each by a law of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.progress import silent
from lesionlab.store.cases import Case, read_cases, write_cases
from lesionlab.studies.adapting import adapt, normalisations
from lesionlab.studies.copies import copy_datastore, unchanged
from lesionlab.studies.fingerprints import MEASURES, apart, fingerprint
from lesionlab.studies.scanners import other_scanner
from lesionlab.studies.standardising import Standard
from tests.studies.plain import write_site


def volume(array: np.ndarray, step: float = 1.0) -> Volume:
    return Volume(array, Geometry(array.shape, np.diag([step, step, 1.0, 1.0])))


def tissue(seed: int = 0, shape: tuple[int, int, int] = (24, 20, 4)) -> np.ndarray:
    return np.random.default_rng(seed).gamma(3, 20, shape)


def test_another_scanners_gain_and_offset_are_undone() -> None:
    image = tissue()
    standard = Standard.of([volume(image)])
    assert standard.apply(volume(2.5 * image - 40)) == pytest.approx(image)
    assert standard.apply(volume(image)) == pytest.approx(image)


def test_standardising_keeps_the_order_of_intensities() -> None:
    standard = Standard.of([volume(tissue(1)), volume(tissue(2))])
    mapped = standard.apply(volume(np.sqrt(tissue(3)))).ravel()
    assert (np.diff(mapped[np.argsort(tissue(3).ravel())]) >= 0).all()


def test_an_image_of_one_value_is_standardised_too_and_no_image_is_refused() -> None:
    standard = Standard.of([volume(tissue())])
    assert np.isfinite(standard.apply(volume(np.full((4, 4, 1), 7)))).all()
    with pytest.raises(InputError, match="no image"):
        Standard.of([])


def test_adapted_statistics_are_mixed_by_how_many_images_there_are() -> None:
    network = nn.Sequential(nn.BatchNorm2d(1, affine=False), nn.Flatten(), nn.BatchNorm1d(4)).eval()
    images = [torch.full((1, 1, 2, 2), 6.0), torch.full((1, 1, 2, 2), 10.0)] * 8

    with torch.inference_mode():
        adapted = adapt([network], lambda: [network(image) for image in images], len(images))

    layer = network[0]
    assert adapted
    # Sixteen old images of mean 0 and variance 1, sixteen new ones of mean 8 and no variance within an image.
    assert (layer.running_mean.item(), layer.running_var.item()) == pytest.approx((4.0, 0.5))
    assert (network.training, layer.training, layer.momentum) == (False, False, 0.1)
    assert normalisations([network]) == [layer]


def test_a_network_without_batch_normalisation_is_left_alone() -> None:
    assert not adapt([nn.Conv2d(1, 1, 1), nn.GroupNorm(1, 1)], lambda: pytest.fail("nothing to look at"), 3)


def test_what_goes_wrong_while_adapting_leaves_the_network_ready_to_answer() -> None:
    network = nn.BatchNorm2d(1).eval()
    with pytest.raises(ZeroDivisionError):
        adapt([network], lambda: 1 / 0, 3)
    assert (network.training, network.momentum) == (False, 0.1)


def test_copies_keep_names_cases_masks_and_depth(tmp_path: Path) -> None:
    source, out = write_site(tmp_path / "site", 0, cases=2), tmp_path / "out"
    write_volume(volume(np.arange(8, dtype=np.int16).reshape(2, 2, 2)), source / "ct.nii.gz")
    (source / "labels" / "final").mkdir(parents=True)
    write_volume(volume(np.ones((2, 2, 2), np.uint8)), source / "labels" / "final" / "ct.nrrd")
    cases = [*read_cases(source)[:2], Case(source / "ct.nii.gz", None, "p9", "ill", (0.5, 0.5, 0.5), 2.0)]
    write_cases(source, cases)

    copy_datastore(source, out, {"": unchanged, "b-": lambda one: one.array + 3.6}, silent)

    copied = read_cases(out)
    assert [case.image.name for case in copied] == [
        "00.png",
        "01.png",
        "ct.nii.gz",
        "b-00.png",
        "b-01.png",
        "b-ct.nii.gz",
    ]
    assert [(case.patient, case.label, case.point_mm) for case in copied] == 2 * [
        (case.patient, case.label, case.point_mm) for case in cases
    ]
    assert [case.mask is not None for case in copied] == [False, False, True] * 2
    same, moved = (read_volume(out / name) for name in ("00.png", "b-ct.nii.gz"))
    assert np.array_equal(same.array, read_volume(source / "00.png").array)
    assert same.geometry.same_as(read_volume(source / "00.png").geometry)
    assert moved.array.dtype == np.int16
    assert np.array_equal(moved.array, np.arange(8).reshape(2, 2, 2) + 4)


def test_values_beyond_what_a_picture_holds_are_cut_off(tmp_path: Path) -> None:
    source = write_site(tmp_path / "site", 0, cases=2)
    copy_datastore(source, tmp_path / "out", {"": lambda one: one.array * 10.0 - 700}, silent)
    assert set(np.unique(read_volume(tmp_path / "out" / "00.png").array)) == {0, 255}


def test_another_scanner_changes_an_image_without_moving_it() -> None:
    array = np.zeros((40, 40, 1))
    array[10:20, 24:34] = 100
    rng = np.random.default_rng(0)
    for _ in range(5):
        changed = other_scanner(volume(array + tissue(4, (40, 40, 1)) / 10), rng)
        assert changed.shape == array.shape
        assert changed[12:18, 26:32].mean() > changed[array == 0].mean() + 20
        assert not np.allclose(changed, array, atol=5)


def test_two_halves_of_a_site_are_not_told_apart_and_noise_is() -> None:
    rng = np.random.default_rng(1)

    def site(noise: float, name: str) -> list:
        images = [tissue(int(rng.integers(1 << 30))) + rng.normal(0, noise, (24, 20, 4)) for _ in range(20)]
        return [fingerprint(volume(image), f"{name}{n}") for n, image in enumerate(images)]

    same, noisy = apart(site(1, "a"), site(1, "b"), rng), apart(site(1, "a"), site(40, "c"), rng)

    assert same is not None
    assert noisy is not None
    assert same.images.low < 0.5 < 0.9 < noisy.images.mean
    assert noisy.distance > 3 * same.distance
    assert same.network is None


def test_three_patients_are_too_few_to_say_how_far_sites_lie_apart() -> None:
    rng = np.random.default_rng(2)
    few = [fingerprint(volume(tissue(n)), f"p{n % 3}") for n in range(9)]
    many = [fingerprint(volume(tissue(n)), f"p{n}") for n in range(9)]
    assert apart(few, many, rng) is None
    assert apart(many, many, rng) is not None


def test_a_fingerprint_holds_what_it_says() -> None:
    array = np.zeros((4, 4, 1))
    array[:2] = 10
    found = dict(zip(MEASURES, fingerprint(volume(array, 0.5), "p").measures, strict=True))
    assert (found["mean"], found["spread"], found["skewness"], found["bright share"], found["pixel, mm"]) == (
        5,
        5,
        0,
        0.5,
        0.5,
    )
    # One of three steps along the first axis is 10, none along the second; in spreads.
    assert found["sharpness"] == pytest.approx((10 / 3 + 0) / 2 / 5)

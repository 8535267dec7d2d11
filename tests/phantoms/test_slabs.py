"""Thick slices are the mean of thin ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.brain import HeadSettings, simulate_head
from lesionlab.phantoms.brain_metastases import Metastasis
from lesionlab.phantoms.chest import ChestSettings, simulate_chest
from lesionlab.phantoms.postmortem import PostmortemSettings, simulate_postmortem
from lesionlab.phantoms.scanner import Scanner
from lesionlab.phantoms.slabs import in_slabs

AFFINE = np.array([[-1.0, 0, 0, 5], [0, -1.0, 0, 7], [0, 0, 1.5, -3], [0, 0, 0, 1]])


def volume(slices, dtype):
    array = np.broadcast_to(np.array(slices, dtype=dtype), (2, 2, len(slices))).copy()
    return Volume(array, Geometry(array.shape, AFFINE))


def test_a_slab_is_the_mean_of_its_slices_and_lies_in_their_middle():
    found = in_slabs(volume([0, 10, 20, 30, 40, 50, 99], np.int16), 3)
    assert found.array[0, 0].tolist() == [10, 40]
    assert found.geometry.spacing_mm == pytest.approx((1, 1, 4.5))
    assert found.geometry.index_to_ras((0, 0, 1)) == pytest.approx(
        volume([0] * 6, np.int16).geometry.index_to_ras((0, 0, 4))
    )


def test_a_label_needs_half_of_the_slab():
    labels = volume([0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 3], np.uint8)
    assert in_slabs(labels, 4).array[0, 0].tolist() == [1, 2, 0]


def test_one_slice_is_no_slab():
    thin = volume([1, 2, 3], np.int16)
    assert in_slabs(thin, 1) is thin


def test_a_head_in_slabs_has_the_lattice_and_noise_that_were_asked_for():
    settings = HeadSettings((48, 56, 24), (3.6, 3.6, 6.0), (Metastasis(20.0),))
    whole = simulate_head(np.random.default_rng(1), replace(settings, slabs=3))
    plain = simulate_head(np.random.default_rng(1), settings)
    assert whole.image.geometry.shape == plain.image.geometry.shape
    assert whole.image.geometry.affine == pytest.approx(plain.image.geometry.affine)
    assert whole.truth.geometry.shape == whole.image.geometry.shape
    air = np.s_[:4, :4, :]
    assert whole.image.array[air].std() == pytest.approx(plain.image.array[air].std(), rel=0.2)


def test_a_chest_in_slabs_shows_what_lies_between_its_slices():
    scanner = Scanner(noise_hu=0.0, slab_mm=5.0)
    settings = ChestSettings(
        shape=(48, 48, 12),
        spacing_mm=(1.6, 1.6, 5.0),
        center_mm=(70, -10, 0),
        nodules=(),
        leaves=200,
        scanner=scanner,
        slabs=4,
    )
    thin = simulate_chest(np.random.default_rng(3), settings.thin())
    thick = simulate_chest(np.random.default_rng(3), settings)
    assert settings.thin().shape == (48, 48, 48)
    mean = thin.image.array.astype(float).reshape(48, 48, 12, 4).mean(axis=3)
    assert thick.image.array == pytest.approx(mean, abs=0.51)


def test_a_body_in_slabs_has_the_lattice_that_was_asked_for_and_what_lies_between_its_slices():
    scanner = Scanner(noise_hu=0.0, slab_mm=8.0)
    settings = PostmortemSettings(shape=(48, 48, 10), spacing_mm=(7.0, 7.0, 8.0), leaves=100, scanner=scanner, slabs=4)
    thin = simulate_postmortem(np.random.default_rng(5), True, settings.thin())
    thick = simulate_postmortem(np.random.default_rng(5), True, settings)
    assert thick.image.geometry.shape == thick.region.geometry.shape == (48, 48, 10)
    assert thick.image.geometry.spacing_mm == pytest.approx((7, 7, 8))
    mean = thin.image.array.astype(float).reshape(48, 48, 10, 4).mean(axis=3)
    assert thick.image.array == pytest.approx(mean, abs=0.51)


def test_a_body_needs_a_lattice_that_makes_an_image():
    with pytest.raises(InputError, match="lattice"):
        simulate_postmortem(np.random.default_rng(0), True, PostmortemSettings(shape=(4, 48, 10)))

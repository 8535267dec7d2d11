"""What every simulated MR goes through, and the voxels that it is taken in."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.phantoms.canvas import Axes
from lesionlab.phantoms.lattice import check_lattice, same_view
from lesionlab.phantoms.magnet import coil, magnitude, stored

AXES = Axes.of((0.0, 0.0, 0.0), (40, 40, 40), (4.0, 4.0, 4.0))


def test_a_coil_without_shading_changes_nothing_and_one_with_it_changes_slowly() -> None:
    assert np.all(coil(AXES, 0.0, 60.0, np.random.default_rng(0)) == 1)
    shaded = coil(AXES, 0.2, 60.0, np.random.default_rng(0))
    assert shaded.shape == (40, 40, 40)
    # Three sines of a tenth each.
    assert 0.7 <= shaded.min() < 0.95 < 1.05 < shaded.max() <= 1.3
    assert np.abs(np.diff(shaded, axis=0)).max() < 0.1


def test_noise_of_an_empty_field_is_rayleighs_and_none_leaves_the_magnitude() -> None:
    rng = np.random.default_rng(0)
    empty = np.zeros((60, 60, 60), np.float32)
    # Rayleigh (1880): the mean is sqrt(pi / 2) times the deviation of each channel.
    assert magnitude(empty, 2.0, rng).mean() == pytest.approx(2.0 * np.sqrt(np.pi / 2), rel=0.01)
    assert np.all(magnitude(empty - 3, 0.0, rng) == 3)


def test_grey_levels_are_stored_rounded_from_zero_up_and_turned() -> None:
    grey = np.array([[[-4.0, 1.6]], [[40000.0, 2.4]]], np.float32)  # (k, j, i) = (2, 1, 2)
    found = stored(grey, Geometry((2, 1, 2), np.eye(4))).array
    assert found.dtype == np.int16
    assert found.tolist() == [[[0, 32767]], [[2, 2]]]


def test_thicker_slices_are_fewer_for_the_same_view_but_never_less_than_eight() -> None:
    assert same_view((100, 90, 60), (1.2, 1.2, 1.5), (1.2, 1.2, 5.0)) == (100, 90, 18)
    assert same_view((100, 90, 20), (1.2, 1.2, 1.5), (0.6, 2.4, 5.0)) == (200, 45, 8)


@pytest.mark.parametrize(("shape", "spacing_mm"), [((8, 8, 7), (1.0, 1.0, 1.0)), ((8, 8, 8), (1.0, 0.0, 1.0))])
def test_a_lattice_that_makes_no_image_is_refused(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> None:
    check_lattice((8, 8, 8), (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="lattice is too small"):
        check_lattice(shape, spacing_mm)

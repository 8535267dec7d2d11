"""Small pictures stand as a reader is used to see them."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.studies.thumbnails import thumbnail

SHAPE = (40, 40, 20)


def corner(affine: np.ndarray, point_ras: tuple[float, float, float]) -> tuple[str, str]:
    """Where a bright cube around a point appears."""
    geometry = Geometry(SHAPE, affine)
    i, j, k = (round(x) for x in geometry.ras_to_index(point_ras))
    array = np.zeros(SHAPE, np.float32)
    array[i - 4 : i + 5, j - 4 : j + 5, max(k - 4, 0) : k + 5] = 1
    rows, columns = np.nonzero(thumbnail(Volume(array, geometry)) > 128)
    return ("top" if rows.mean() < 88 else "bottom"), ("left" if columns.mean() < 88 else "right")


def test_the_front_is_up_and_the_patients_left_on_the_right_however_the_array_lies() -> None:
    ras = np.array([[1.0, 0, 0, -20], [0, 1, 0, -20], [0, 0, 2, -20], [0, 0, 0, 1]])
    lps = np.array([[-1.0, 0, 0, 20], [0, -1, 0, 20], [0, 0, 2, -20], [0, 0, 0, 1]])
    turned = np.array([[0, -1.0, 0, 20], [1, 0, 0, -20], [0, 0, 2, -20], [0, 0, 0, 1]])
    for affine in (ras, lps, turned):
        assert corner(affine, (-10.0, 10.0, 0.0)) == ("top", "right")


def test_a_coronal_plane_stands_head_up() -> None:
    geometry = Geometry((40, 1, 40), np.array([[1.0, 0, 0, -20], [0, 1, 0, 0], [0, 0, 1, -20], [0, 0, 0, 1]]))
    array = np.zeros((40, 1, 40), np.float32)
    array[4:12, 0, 28:36] = 1  # to the patient's left, near the head
    rows, columns = np.nonzero(thumbnail(Volume(array, geometry)) > 128)
    assert rows.mean() < 88 < columns.mean()


def test_flat_slices_keep_their_shape_and_the_mark_surrounds_its_point() -> None:
    geometry = Geometry((40, 20, 5), np.diag([-1.0, -1.0, 5.0, 1.0]))
    picture = thumbnail(Volume(np.zeros((40, 20, 5), np.int16), geometry), (-30.0, -10.0, 10.0), 8.0)
    rows, columns = np.nonzero(picture)
    assert picture.shape == (88, 176)
    assert (rows.mean(), columns.mean()) == pytest.approx((10.5 * 4.4, 30.5 * 4.4), abs=1)
    assert columns.max() - columns.min() == pytest.approx(8 * 4.4 + 4, abs=2)


def test_numbers_that_are_none_and_equal_values_do_no_harm() -> None:
    array = np.full((8, 8, 1), np.nan, np.float32)
    assert thumbnail(Volume(array, Geometry((8, 8, 1), np.eye(4)))).dtype == np.uint8

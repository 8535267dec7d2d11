from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.shape.measure import measure
from lesionlab.metrics.overlap import dice, hausdorff95_mm, longest_diameter_mm

CASES = Path(__file__).parents[3] / "shared" / "data" / "lesions3d"


def box(*sides: slice) -> np.ndarray:
    mask = np.zeros((20, 20, 20), bool)
    mask[sides] = True
    return mask


def disc(diameter_px: float, size: int = 64) -> np.ndarray:
    x, y = np.ogrid[:size, :size]
    middle = (size - 1) / 2
    return ((x - middle) ** 2 + (y - middle) ** 2 <= (diameter_px / 2) ** 2)[None]


def test_dice_by_hand() -> None:
    a, b = box(slice(0, 4), slice(0, 1), slice(0, 1)), box(slice(1, 3), slice(0, 1), slice(0, 1))
    assert dice(a, b) == pytest.approx(2 * 2 / 6)
    assert dice(a, a) == 1.0
    assert dice(a, ~a & False) == 0.0
    assert dice(a & False, a & False) == 1.0


def test_a_box_moved_by_three_voxels_is_three_steps_away() -> None:
    a, b = box(slice(3, 9), slice(3, 9), slice(3, 9)), box(slice(3, 9), slice(3, 9), slice(6, 12))
    assert hausdorff95_mm(a, b, np.diag([1.0, 1.0, 2.0])) == pytest.approx(6.0)
    assert hausdorff95_mm(a, a, np.eye(3)) == 0.0


def test_a_mask_that_is_not_there_has_no_border_to_be_near_or_far() -> None:
    a = box(slice(3, 9), slice(3, 9), slice(3, 9))
    assert hausdorff95_mm(a, a & False, np.eye(3)) is None
    assert hausdorff95_mm(a & False, a, np.eye(3)) is None
    assert hausdorff95_mm(a & False, a & False, np.eye(3)) is None


def test_the_inside_of_a_mask_does_not_dilute_the_hausdorff_distance() -> None:
    a, b = box(slice(2, 18), slice(2, 18), slice(2, 18)), box(slice(4, 16), slice(4, 16), slice(4, 16))
    assert hausdorff95_mm(a, b, np.eye(3)) >= 2.0  # between parallel faces; most voxels of b lie inside a


def test_a_lesion_at_the_border_of_the_lattice_has_its_surface_there() -> None:
    a, b = box(slice(0, 4), slice(0, 20), slice(0, 20)), box(slice(0, 6), slice(0, 20), slice(0, 20))
    assert hausdorff95_mm(a, b, np.diag([0.5, 1, 1])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [(1, 1, math.hypot(0.5, 2)), (4, 1, math.hypot(2, 2)), (3, 3, math.hypot(1.5, 6)), (1, 6, math.hypot(0.5, 12))],
)
def test_a_rectangle_measures_its_diagonal_from_corner_to_corner(rows: int, columns: int, expected: float) -> None:
    mask = np.zeros((3, 12, 12), bool)
    mask[1, 4 : 4 + rows, 2 : 2 + columns] = True
    assert longest_diameter_mm(mask, (0.5, 2.0)) == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("diameter_px", [5.0, 12.0, 30.0, 51.3])
def test_a_disc_measures_its_diameter_and_at_most_a_pixels_diagonal_more(diameter_px: float) -> None:
    found = longest_diameter_mm(disc(diameter_px), (0.7, 0.7))
    assert (diameter_px - 1) * 0.7 <= found <= (diameter_px + math.sqrt(2)) * 0.7


def test_the_longest_plane_counts_and_planes_are_not_joined() -> None:
    mask = np.zeros((2, 20, 20), bool)
    mask[0, 0, 0] = mask[0, 0, 4] = True
    mask[1, 19, 19] = True
    assert longest_diameter_mm(mask, (1.0, 1.0)) == pytest.approx(math.hypot(5, 1), rel=2e-4)
    assert longest_diameter_mm(mask & False, (1.0, 1.0)) == 0.0


def test_the_diameter_is_that_of_all_pairs_of_corners() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.random((1, 9, 11)) > 0.9
        mask[0, 4, 4] = True
        corners = np.concatenate(
            [np.argwhere(mask[0]) + np.array([a, b]) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
        ) * (0.6, 1.1)
        exact = np.linalg.norm(corners[:, None] - corners[None], axis=-1).max()
        assert longest_diameter_mm(mask, (0.6, 1.1)) == pytest.approx(exact, rel=2e-4)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_measure_looks_in_the_axial_plane_whatever_the_order_of_the_axes(order: tuple[int, int, int]) -> None:
    array = np.zeros((10, 10, 10), np.uint8)
    array[2:5, 2:6, 1:9] = 1  # 3 x 4 in the axial plane, 8 along S
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(order)] * (1.0, 1.0, 1.0)
    found = measure(Volume(array.transpose(order), Geometry((10, 10, 10), affine)))
    assert found.diameter_mm == pytest.approx(5.0, rel=2e-4)
    assert found.volume_mm3 == pytest.approx(96.0)


@pytest.mark.skipif(not CASES.is_dir(), reason="the real cases are not here")
@pytest.mark.parametrize("case", ["lidc_0001", "pyrad_brain1", "sts_002_mr_t1", "sts_003_pet"])
def test_the_diameter_is_the_one_that_the_real_cases_state(case: str) -> None:
    from lesionlab.image.files import read_volume

    stated = json.loads((CASES / case / "meta.json").read_text())["lesions"]
    mask = read_volume(CASES / case / "lesion.nii.gz")
    labels, count = ndimage.label(mask.array > 0, np.ones((3, 3, 3)))
    found = {}
    for n in range(1, count + 1):
        part = Volume((labels == n).astype(np.uint8), mask.geometry)
        found[int(part.array.sum())] = measure(part)
    for lesion in stated:
        assert found[lesion["voxels"]].diameter_mm == pytest.approx(lesion["longest_axial_diameter_mm"], abs=0.02)
        assert found[lesion["voxels"]].volume_mm3 == pytest.approx(lesion["volume_mm3"], rel=1e-3)

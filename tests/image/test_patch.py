from __future__ import annotations

import numpy as np
import pytest
from lattices import all_48, noise, oblique_affine, put_back, reordered

from lesionlab.image.geometry import Geometry
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume

ORDERS = pytest.mark.parametrize(("order", "flips"), all_48())


def centres(geometry: Geometry) -> np.ndarray:
    """RAS mm of every voxel centre, (i, j, k, 3)."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    return index @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]


REFERENCE = noise((22, 20, 14), oblique_affine((0.8, 0.9, 1.7)))
CENTER = REFERENCE.geometry.index_to_ras((9.3, 11.6, 6.2))


@ORDERS
def test_any_order_and_flip_of_the_axes_gives_the_same_patch(
    order: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    expected = PatchGrid.cube(REFERENCE.geometry, CENTER, 12.0, 16).sample(REFERENCE)
    other = reordered(REFERENCE, order, flips)
    patch = PatchGrid.cube(other.geometry, CENTER, 12.0, 16).sample(other)
    np.testing.assert_allclose(patch, expected, rtol=1e-5, atol=1e-2)  # of values up to 2000


@ORDERS
def test_a_restored_patch_is_in_register_on_any_order_and_flip(
    order: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    patch = np.random.default_rng(1).random((16, 16, 16)).astype(np.float32)
    expected = PatchGrid.cube(REFERENCE.geometry, CENTER, 12.0, 16).restore(patch)
    other = reordered(REFERENCE, order, flips)
    restored = PatchGrid.cube(other.geometry, CENTER, 12.0, 16).restore(patch)
    whole = Volume.zeros(other.geometry, np.float32).paste(restored)
    reference = Volume.zeros(REFERENCE.geometry, np.float32).paste(expected)
    np.testing.assert_allclose(put_back(whole.array, order, flips), reference.array, atol=1e-5)


@pytest.mark.parametrize("spacing", [(0.8, 0.9, 1.7), (0.7, 0.7, 6.5)])
def test_a_linear_ramp_survives_sampling_and_restoring(spacing: tuple[float, float, float]) -> None:
    geometry = Geometry((60, 60, 30), oblique_affine(spacing))
    ramp = centres(geometry) @ np.array([1.0, -2.0, 0.5])
    volume = Volume(ramp.astype(np.float32), geometry)
    grid = PatchGrid.cube(geometry, geometry.index_to_ras((30, 30, 15)), 20.0, 24)
    restored = grid.restore(grid.sample(volume))
    (i, j, k), (a, b, c) = grid.box
    error = np.abs(restored.array - ramp[i : i + a, j : j + b, k : k + c])
    inner = tuple(slice(2, n - 2) if n > 6 else slice(1, n - 1) for n in error.shape)
    assert error[inner].max() < 0.02 * np.ptp(ramp[i : i + a, j : j + b, k : k + c])
    assert error[inner].mean() < 1e-3 * np.ptp(ramp[i : i + a, j : j + b, k : k + c])


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 0.8), (0.7, 0.7, 2.5)])
def test_a_sphere_keeps_its_volume_after_restoring(spacing: tuple[float, float, float]) -> None:
    shape = tuple(int(36 / s) for s in spacing)
    geometry = Geometry(shape, oblique_affine(spacing))  # type: ignore[arg-type]
    center = geometry.index_to_ras(tuple((n - 1) / 2 for n in shape))  # type: ignore[arg-type]
    grid = PatchGrid.cube(geometry, center, 25.0, 48)
    at = np.stack(np.meshgrid(*[np.arange(48)] * 3, indexing="ij"), axis=-1)
    distance = np.linalg.norm((at - np.array(grid.to_patch(center))) * grid.step_mm, axis=-1)
    soft = 1 / (1 + np.exp((distance - 8.0) / 0.3))
    restored = grid.restore(soft.astype(np.float32))
    volume = np.count_nonzero(restored.array > 0.5) * geometry.voxel_volume_mm3
    assert volume == pytest.approx(4 / 3 * np.pi * 8.0**3, rel=0.02)  # 2145 mm3


def test_the_patch_centre_is_the_point_and_its_axes_run_right_anterior_superior() -> None:
    geometry = Geometry((30, 30, 30), np.diag([-1.0, -1.0, 1.0, 1.0]))
    grid = PatchGrid.cube(geometry, (-15.0, -15.0, 15.0), 12.0, 12)
    assert grid.to_patch((-15.0, -15.0, 15.0)) == pytest.approx((5.5, 5.5, 5.5))
    assert grid.to_patch((-14.0, -15.0, 17.0)) == pytest.approx((6.5, 5.5, 7.5))


def test_samples_on_voxel_centres_take_the_voxels() -> None:
    volume = noise((30, 30, 30), np.eye(4))
    grid = PatchGrid.cube(volume.geometry, (14.5, 14.5, 14.5), 12.0, 12)  # samples at 9, 10, ... 20
    np.testing.assert_allclose(grid.sample(volume), volume.array[9:21, 9:21, 9:21], atol=1e-2)


def test_a_patch_over_the_edge_repeats_the_edge_and_restores_only_what_exists() -> None:
    volume = noise((10, 10, 10), np.eye(4))
    grid = PatchGrid.cube(volume.geometry, (0.5, 4.5, 4.5), 8.0, 8)  # samples at -3 ... 4 along the first axis
    patch = grid.sample(volume)
    np.testing.assert_allclose(patch[0], patch[3], atol=1e-2)
    np.testing.assert_allclose(patch[3], volume.array[0, 1:9, 1:9], atol=1e-2)
    assert grid.inside()[:, 4, 4].tolist() == [False] * 3 + [True] * 5
    assert grid.box == ((0, 1, 1), (5, 8, 8))
    assert grid.restore(patch).geometry.shape == (5, 8, 8)


@ORDERS
def test_a_patch_index_goes_to_space_and_back(order: tuple[int, int, int], flips: tuple[int, int, int]) -> None:
    grid = PatchGrid(reordered(REFERENCE, order, flips).geometry, CENTER, 1.7, (5, 9, 1))

    assert grid.to_ras((2.0, 4.0, 0.0)) == pytest.approx(CENTER)
    assert grid.to_patch(grid.to_ras((1.25, 7.5, 0.0))) == pytest.approx((1.25, 7.5, 0.0))

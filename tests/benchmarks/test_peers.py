"""The peers on simulated lesions whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.methods import PEERS
from benchmarks.peers.growcut import strength
from benchmarks.peers.peer import Peer, ball
from benchmarks.scoring import score

from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume

SPACING = (1.0, 1.0, 2.0)
SHAPE = (64, 60, 32)
CENTER: Point = (31.0, 29.0, 30.0)


def ellipsoid(radii_mm: Point, flip: bool = False) -> tuple[Volume, Volume]:
    """A bright ellipsoid on a darker, noisy ground, and its mask."""
    affine = np.diag([*SPACING, 1.0])
    if flip:
        affine[0] = [-1.0, 0.0, 0.0, SHAPE[0] - 1]
    geometry = Geometry(SHAPE, affine)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), axis=-1)
    points = index @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    truth = (((points - CENTER) / radii_mm) ** 2).sum(axis=-1) <= 1
    noise = np.random.default_rng(5).normal(0, 8, SHAPE)
    return Volume((40 + 80 * truth + noise).astype(np.float32), geometry), Volume(truth.astype(np.uint8), geometry)


def dice(peer: Peer, radii_mm: Point, flip: bool = False) -> float:
    image, truth = ellipsoid(radii_mm, flip)
    return score(peer(image, CENTER, 2 * radii_mm[0]), truth, with_distance=False).dice


def test_the_sphere_is_exact_on_a_spherical_lesion() -> None:
    assert dice(PEERS["sphere"], (16.0, 16.0, 16.0)) == pytest.approx(1.0)


def test_the_scaled_sphere_holds_0_82_cubed_of_a_spherical_lesion() -> None:
    # 0.82^3 = 0.551 of the volume, all of it inside: Dice 2 * 0.551 / 1.551 = 0.711.
    assert dice(PEERS["scaled sphere"], (16.0, 16.0, 16.0)) == pytest.approx(0.711, abs=0.02)


@pytest.mark.parametrize("name", ["random walker", "GrowCut", "Otsu", "Chan-Vese", "region growing"])
def test_a_peer_that_sees_the_image_beats_the_sphere_on_a_flat_lesion(name: str) -> None:
    radii: Point = (18.0, 13.0, 12.0)
    assert dice(PEERS[name], radii) > dice(PEERS["sphere"], radii) + 0.1


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_flipped_axis_changes_no_peers_score(name: str) -> None:
    radii: Point = (16.0, 12.0, 14.0)
    assert dice(PEERS[name], radii, flip=True) == pytest.approx(dice(PEERS[name], radii), abs=0.03)


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_mask_is_a_crop_of_the_volumes_lattice_even_at_its_corner(name: str) -> None:
    image, _ = ellipsoid((16.0, 12.0, 14.0))
    mask = PEERS[name](image, (0.0, 0.0, 0.0), 20.0)
    whole = Volume.zeros(image.geometry).paste(mask)
    assert set(np.unique(mask.array)) <= {0, 1}
    assert whole.array.sum() == mask.array.sum()


def test_a_ball_on_an_oblique_lattice_has_the_volume_of_a_ball() -> None:
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.7, 0.9, 1.5])
    geometry = Geometry((60, 60, 40), affine)
    center = geometry.index_to_ras((30.0, 28.0, 20.0))
    mask = ball(Volume.zeros(geometry), center, 20.0)
    assert mask.array.sum() * geometry.voxel_volume_mm3 == pytest.approx(np.pi / 6 * 20**3, rel=0.02)
    points = np.argwhere(mask.array) @ mask.geometry.affine[:3, :3].T + mask.geometry.affine[:3, 3]
    assert np.linalg.norm(points - np.asarray(center), axis=1).max() <= 10.0


def test_a_seeds_strength_is_the_product_of_what_it_keeps_at_each_step() -> None:
    values = np.zeros((1, 1, 4), dtype=np.float32)
    values[0, 0] = [0.0, 0.2, 0.2, 0.7]
    seeds = np.zeros((1, 1, 4), dtype=bool)
    seeds[0, 0, 0] = True
    assert strength(values, seeds)[0, 0] == pytest.approx([1.0, 0.8, 0.8, 0.4])

"""RTDOSE: where the dose lies, and where its isodoses lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.weak.dose import read_dose
from lesionlab.weak.label import Isodose
from lesionlab.weak.target import image_target, target
from tests.weak.dicom_series import dose
from tests.weak.lattices import oblique, straight

# Thin along i, thick along k, turned: what a plan's dose grid looks like beside an image.
GRID = oblique((24, 20, 9), (1.5, 2.0, 4.0), (10.0, -15.0, -18.0))


def saved(path: Path, dataset: Dataset) -> Path:
    dataset.save_as(path, enforce_file_format=True)
    return path


def ramp(axis: int, step_gy: float) -> np.ndarray:
    """Dose that grows by ``step_gy`` from voxel to voxel along one axis."""
    values = np.indices(GRID.shape)[axis] * step_gy
    return np.asarray(values, dtype=float)


def test_the_dose_lies_where_it_was_written_in_gray(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 60000, GRID.shape) / 1000
    read, unit = read_dose(saved(tmp_path / "d.dcm", dose(values, GRID)))
    assert unit == "gy"
    assert read.geometry.same_as(GRID, 1e-4)
    np.testing.assert_allclose(read.array, values, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_isodose_is_cut_where_the_linear_dose_reaches_the_level(tmp_path: Path, axis: int) -> None:
    # Dose 2 Gy per voxel along one axis: 7 Gy is reached half way between voxels 3 and 4, on an image of another lattice.
    file = saved(tmp_path / "d.dcm", dose(ramp(axis, 2.0), GRID))
    fine = np.diag([0.5, 0.5, 0.5, 1.0])
    fine[:3, 3] = -0.25
    image = Geometry((2 * GRID.shape[0], 2 * GRID.shape[1], 2 * GRID.shape[2]), GRID.affine @ fine)
    voxels = image_target([Isodose(dose=file, level=7.0, unit="gy")], image).voxels.array
    # Fine voxel n reaches from n/2 - 0.5 to n/2 in voxels of the dose; the level lies at 3.5, the face of n = 8.
    along = np.moveaxis(voxels, axis, 0)[:, 10, 10]
    assert along[:8].max() == 0.0
    assert along[8:-1].min() == 1.0


def test_half_of_the_largest_dose_of_a_linear_cone_is_a_ball_of_half_its_radius(tmp_path: Path) -> None:
    # Dose falls linearly from 20 Gy in the middle to 0 at 12 mm: 50 % is a ball of radius 6 mm, 904.8 mm3.
    grid = oblique((40, 40, 20), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    center = np.asarray(grid.index_to_ras((20.0, 20.0, 10.0)))
    index = np.indices(grid.shape).reshape(3, -1).T
    away = np.linalg.norm(index @ grid.affine[:3, :3].T + grid.affine[:3, 3] - center, axis=1)
    gray = np.clip(20 - 20 / 12 * away, 0, None).reshape(grid.shape)
    file = saved(tmp_path / "d.dcm", dose(gray, grid))
    image = oblique((60, 60, 60), (0.7, 0.7, 0.7), (0.0, 0.0, 0.0))
    for label in (Isodose(dose=file, level=50.0), Isodose(dose=file, level=10.0, unit="gy")):
        part = target(label, image).part
        assert part is not None
        assert part.array.sum() * part.geometry.voxel_volume_mm3 == pytest.approx(904.8, rel=0.03)


def test_absolute_frame_offsets_are_patient_z_whichever_way_the_rows_run(tmp_path: Path) -> None:
    # Rows run against A in LPS: the cross product points to -S, but z coordinates are z coordinates.
    grid = straight((4, 4, 3), (1.0, 1.0, 5.0))
    flipped = dose(np.arange(48.0).reshape(4, 4, 3), grid)
    flipped.ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
    flipped.ImagePositionPatient = [0, 0, 40]
    flipped.GridFrameOffsetVector = [40, 45, 50]
    read, _ = read_dose(saved(tmp_path / "d.dcm", flipped))
    assert read.geometry.index_to_ras((0, 0, 2)) == pytest.approx((0, 0, 50))
    relative = flipped
    relative.GridFrameOffsetVector = [0, 5, 10]
    read, _ = read_dose(saved(tmp_path / "d.dcm", relative))
    assert read.geometry.index_to_ras((0, 0, 2)) == pytest.approx((0, 0, 30))


def test_frames_at_unequal_steps_keep_their_values_where_they_lie(tmp_path: Path) -> None:
    # Close frames where the dose is steep, as some planning systems write them; every step is a multiple of 2 mm.
    offsets = [0.0, 6.0, 10.0, 12.0, 14.0, 18.0, 24.0]
    grid = oblique((6, 5, 7), (1.5, 2.0, 3.0), (10.0, -15.0, -18.0))
    values = np.random.default_rng(2).integers(0, 60000, grid.shape) / 1000
    normal = grid.affine[:3, 2] / 3.0
    for sign in (1, -1):
        written = dose(values, grid, GridFrameOffsetVector=[sign * x for x in offsets])
        read, _ = read_dose(saved(tmp_path / "d.dcm", written))
        assert read.geometry.shape == (6, 5, 13)
        for frame, offset in enumerate(offsets):
            np.testing.assert_allclose(read.array[..., round(offset / 2)], values[..., frame], atol=1e-4)
            place = grid.affine[:3, 3] + sign * offset * normal
            assert read.geometry.index_to_ras((0, 0, round(offset / 2))) == pytest.approx(tuple(place), abs=1e-3)
        # Between frames at 0 and 6 mm the dose at 2 mm is two parts of the first and one of the second.
        expected = (2 * values[..., 0] + values[..., 1]) / 3
        np.testing.assert_allclose(read.array[..., 1], expected, atol=1e-4)


def test_frames_whose_steps_have_a_small_common_step_all_keep_their_values(tmp_path: Path) -> None:
    # Steps of 3, 2 and 4 mm meet every millimetre.
    grid = straight((2, 2, 4), (1.0, 1.0, 3.0))
    values = np.zeros((2, 2, 4)) + np.array([0.0, 9.0, 5.0, 9.0])
    read, _ = read_dose(saved(tmp_path / "d.dcm", dose(values, grid, GridFrameOffsetVector=[0, 3, 5, 9])))
    assert read.geometry.spacing_mm[2] == pytest.approx(1.0)
    np.testing.assert_allclose(read.array[0, 0], [0, 3, 6, 9, 7, 5, 6, 7, 8, 9], atol=1e-4)


def test_frames_at_odd_steps_are_read_at_the_smallest_and_the_last_is_kept(tmp_path: Path) -> None:
    # Steps of 3.01, 2.01 and 4.03 mm: at 0, 2.01, ... 10.05 mm, the last one beyond the last frame at 9.05 mm and like it.
    grid = straight((2, 2, 4), (1.0, 1.0, 3.0))
    values = np.zeros((2, 2, 4)) + np.array([0.0, 3.01, 5.02, 9.05])
    read, _ = read_dose(saved(tmp_path / "d.dcm", dose(values, grid, GridFrameOffsetVector=[0, 3.01, 5.02, 9.05])))
    assert read.geometry.spacing_mm[2] == pytest.approx(2.01)
    np.testing.assert_allclose(read.array[0, 0], [0, 2.01, 4.02, 6.03, 8.04, 9.05], atol=0.02)


def test_an_isodose_does_not_depend_on_how_its_frames_are_spaced(tmp_path: Path) -> None:
    # The dose is linear along the frames, so leaving frames out changes nothing between them.
    every = saved(tmp_path / "a.dcm", dose(ramp(2, 2.0), GRID))
    some = [0, 1, 3, 4, 6, 8]
    sparse = Geometry((*GRID.shape[:2], len(some)), GRID.affine)
    kept = dose(ramp(2, 2.0)[..., some], sparse, GridFrameOffsetVector=[4.0 * n for n in some])
    unequal = saved(tmp_path / "b.dcm", kept)
    found = [image_target([Isodose(dose=file, level=7.0, unit="gy")], GRID).voxels.array for file in (every, unequal)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("tags", "label", "said"),
    [
        ({"DoseUnits": "RELATIVE"}, {"level": 5.0, "unit": "gy"}, "relative, without gray; got level 5.0 Gy"),
        ({}, {"level": 99.0, "unit": "gy"}, "nowhere reaches the level; got at most 46"),
        ({"GridFrameOffsetVector": [0, 4, 8, 12, 16, 20, 24, 28, 20]}, {"level": 50.0}, "do not follow each other"),
        ({"GridFrameOffsetVector": [0, 4, 4, 12, 16, 20, 24, 28, 32]}, {"level": 50.0}, "do not follow each other"),
        ({"GridFrameOffsetVector": [0, 4]}, {"level": 50.0}, "got 2 offsets; expected 9"),
        ({"Modality": "CT"}, {"level": 50.0}, "Modality is 'CT', not 'RTDOSE'"),
    ],
)
def test_a_dose_that_cannot_be_used_says_why(tmp_path: Path, tags: dict, label: dict, said: str) -> None:
    file = saved(tmp_path / "d.dcm", dose(ramp(0, 2.0), GRID, **tags))
    with pytest.raises(InputError, match=said):
        target(Isodose(dose=file, **label), GRID)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from lattices import oblique_affine
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry

SHAPE = (12, 10, 8)
GEOMETRY = Geometry(SHAPE, oblique_affine((0.7, 0.9, 2.5)))
STORED = np.random.default_rng(3).integers(0, 3000, SHAPE).astype(np.uint16)


def dataset(pixels: np.ndarray, **tags: object) -> pydicom.Dataset:
    """A CT slice of ``pixels`` (column, row)."""
    found = pydicom.Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = CTImageStorage
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = generate_uid()
    found.Modality, found.SeriesInstanceUID = "CT", "1.2.3"
    found.Columns, found.Rows = pixels.shape[:2]
    found.SamplesPerPixel, found.PhotometricInterpretation, found.PixelRepresentation = 1, "MONOCHROME2", 0
    found.BitsAllocated = found.BitsStored = pixels.dtype.itemsize * 8
    found.HighBit = found.BitsStored - 1
    found.PixelData = np.ascontiguousarray(pixels.T).tobytes()
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def place(k: int) -> dict[str, object]:
    """Where slice ``k`` lies."""
    affine = GEOMETRY.affine_lps
    unit = affine[:3, :3] / np.asarray(GEOMETRY.spacing_mm)
    return {
        "ImagePositionPatient": [round(float(x), 6) for x in affine[:3, :3] @ (0, 0, k) + affine[:3, 3]],
        "ImageOrientationPatient": [round(float(x), 9) for x in (*unit[:, 0], *unit[:, 1])],
        "PixelSpacing": [0.9, 0.7],
    }


def write_series(folder: Path, slices: range | list[int] = range(8), **tags: object) -> None:
    """The slices of STORED with shuffled file names."""
    folder.mkdir(exist_ok=True)
    names = np.random.default_rng(5).permutation(100)
    for k in slices:
        settings = {**place(k), "RescaleSlope": 1, "RescaleIntercept": -1024, "InstanceNumber": k + 1, **tags}
        dataset(STORED[:, :, k], **settings).save_as(folder / f"{names[k]:03d}.dcm", enforce_file_format=True)


def test_an_oblique_series_with_shuffled_names_lies_where_it_was_written(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "notes.txt").write_text("not DICOM")
    volume = read_volume(tmp_path)
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, STORED.astype(np.int32) - 1024)
    assert volume.geometry.same_as(GEOMETRY)


def test_a_slope_that_is_not_whole_gives_float32(tmp_path: Path) -> None:
    write_series(tmp_path, RescaleSlope=0.5, RescaleIntercept=1)
    volume = read_volume(tmp_path)
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array, STORED * 0.5 + 1)


def test_a_folder_of_two_series_is_refused_with_a_list_of_them(tmp_path: Path) -> None:
    write_series(tmp_path, range(3), SeriesDescription="arterial")
    write_series(tmp_path, range(3, 8), SeriesDescription="venous", SeriesInstanceUID="1.2.4")
    with pytest.raises(InputError, match=r"several DICOM series.*'venous' \(CT, 5 files\).*'arterial' \(CT, 3 files\)"):
        read_volume(tmp_path)


def test_a_missing_slice_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 1, 2, 4, 5, 6, 7])
    with pytest.raises(InputError, match=r"irregular distances; got 5\.000 mm between slices 3 and 4, 2\.500 mm"):
        read_volume(tmp_path)


def test_two_slices_at_one_place_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path)
    dataset(STORED[:, :, 2], **place(2)).save_as(tmp_path / "again.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="several slices at one position"):
        read_volume(tmp_path)


def test_a_scout_among_the_slices_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path)
    scout = {**place(0), "ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}
    dataset(STORED[:, :, 0], **scout).save_as(tmp_path / "scout.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="several orientations"):
        read_volume(tmp_path)


def test_a_tilted_gantry_is_refused_with_its_angle(tmp_path: Path) -> None:
    for k in range(4):
        tilted = {
            "ImagePositionPatient": [0, k, k],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [1, 1],
        }
        dataset(STORED[:, :, k], **tilted).save_as(tmp_path / f"{k}.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match=r"gantry tilt.*45\.0 degrees"):
        read_volume(tmp_path)


def test_frames_with_a_position_each_are_a_volume(tmp_path: Path) -> None:
    frames = [5, 0, 3, 1, 7, 2, 6, 4]
    pixels = STORED[:, :, frames]
    multi = dataset(pixels[:, :, 0], NumberOfFrames=8)
    multi.PixelData = np.ascontiguousarray(pixels.transpose(2, 1, 0)).tobytes()
    shared, per_frame = pydicom.Dataset(), []
    where = place(0)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [pydicom.Dataset()], [pydicom.Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = where["PixelSpacing"]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = where["ImageOrientationPatient"]
    for k in frames:
        group = pydicom.Dataset()
        group.PlanePositionSequence = [pydicom.Dataset()]
        group.PlanePositionSequence[0].ImagePositionPatient = place(k)["ImagePositionPatient"]
        per_frame.append(group)
    multi.SharedFunctionalGroupsSequence, multi.PerFrameFunctionalGroupsSequence = [shared], per_frame
    multi.save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    volume = read_volume(tmp_path / "multi.dcm")
    np.testing.assert_array_equal(volume.array, STORED)
    assert volume.geometry.same_as(GEOMETRY)


def test_a_cine_is_no_volume(tmp_path: Path) -> None:
    cine = dataset(STORED[:, :, 0], NumberOfFrames=8)
    cine.PixelData = np.ascontiguousarray(STORED.transpose(2, 1, 0)).tobytes()
    cine.save_as(tmp_path / "cine.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match=r"cine.dcm.*without a position"):
        read_volume(tmp_path / "cine.dcm")


def test_one_slice_is_as_thick_as_it_says(tmp_path: Path) -> None:
    dataset(STORED[:, :, 4], **place(4), SliceThickness=5).save_as(tmp_path / "noname", enforce_file_format=True)
    volume = read_volume(tmp_path / "noname")
    assert volume.array.shape == (12, 10, 1)
    assert volume.geometry.spacing_mm == pytest.approx((0.7, 0.9, 5.0))
    assert volume.geometry.index_to_ras((0, 0, 0)) == pytest.approx(GEOMETRY.index_to_ras((0, 0, 4)), abs=1e-4)


def test_a_radiograph_lies_where_its_png_would_and_larger_is_brighter(tmp_path: Path) -> None:
    pixels = np.array([[1, 2], [3, 4], [5, 9]], dtype=np.uint16)
    tags = {"ImagerPixelSpacing": [0.2, 0.1], "PhotometricInterpretation": "MONOCHROME1", "Modality": "CR"}
    dataset(pixels, **tags).save_as(tmp_path / "x.dcm", enforce_file_format=True)
    volume = read_volume(tmp_path / "x.dcm")
    np.testing.assert_array_equal(volume.array[:, :, 0], [[9, 8], [7, 6], [5, 1]])
    assert volume.geometry.index_to_ras((2, 1, 0)) == pytest.approx((-0.2, -0.2, 0.0))


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing")
    with pytest.raises(InputError, match="no DICOM image"):
        read_volume(tmp_path)


def test_a_cut_off_slice_is_named(tmp_path: Path) -> None:
    write_series(tmp_path)
    first = sorted(tmp_path.iterdir())[0]
    first.write_bytes(first.read_bytes()[:-50])
    with pytest.raises(InputError, match=first.name):
        read_volume(tmp_path)
